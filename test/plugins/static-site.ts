/** A folder of files with every kind of thing in it, and an app behind it that says what reached it. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import errorPages from '../../plugins/error-pages.ts'
import staticFirst, { type StaticFirstOptions } from '../../plugins/static-first.ts'
import { keepRawTarget, rawTarget } from '../../src/raw-target.ts'
import { rawExchange } from '../helpers/raw-client.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'

export interface Site {
  app: FastifyInstance
  port: number
  root: string
  /** The targets that reached the app. */
  asked: string[]
}

/** A site as in the gateway: the raw target is kept, and one route takes what is left. */
export async function site(
  t: Cleanup,
  options: Partial<StaticFirstOptions> = {},
  server: FastifyServerOptions = {}
): Promise<Site> {
  const root = join(tempDir(t), 'static')
  const asked: string[] = []
  mkdirSync(join(root, 'sub'), { recursive: true })
  mkdirSync(join(root, '.well-known'))
  mkdirSync(join(root, '.git'))
  mkdirSync(`${root}-evil`)
  const files: Record<string, string> = {
    'hello.txt': 'hello\n',
    'digits.txt': '0123456789',
    'sub/in.txt': 'in-sub',
    'sub/index.html': 'index',
    'index.html': 'root',
    'empty.txt': '',
    'a b.txt': 'space',
    '100%.txt': 'percent',
    'what?.txt': 'question',
    'hash#.txt': 'hash',
    'plus+.txt': 'plus',
    'café.txt': 'cafe',
    '[id].txt': 'brackets',
    '.env': 'SECRET',
    '.git/config': 'SECRET',
    '.well-known/a.txt': 'acme',
    '.well-known/.b': 'SECRET',
    noext: 'x',
    'back\\slash.txt': 'backslash',
    '../secret.txt': 'SECRET',
    '../static-evil/secret.txt': 'SECRET'
  }
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text)
  symlinkSync('../secret.txt', join(root, 'out.txt'))
  symlinkSync('sub/in.txt', join(root, 'inside.txt'))
  symlinkSync('nowhere', join(root, 'dangling.txt'))
  symlinkSync('loop.txt', join(root, 'loop.txt'))
  execFileSync('mkfifo', [join(root, 'fifo')])
  const app = Fastify({ rewriteUrl: keepRawTarget, ...server })
  await app.register(errorPages)
  await app.register(staticFirst, { root, ...options })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
  app.all('/', (request, reply) => {
    asked.push(rawTarget(request.raw))
    reply.send('the-app')
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.after(() => app.close())
  return { app, port: (app.server.address() as AddressInfo).port, root, asked }
}

/** One GET over a connection of its own, its target as it is. */
export async function raw(
  t: Cleanup,
  { port }: Site,
  target: string,
  headers = ''
): Promise<{ status: number; body: string; head: string }> {
  const answer = await rawExchange(
    t,
    port,
    `GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`
  )
  const at = answer.indexOf('\r\n\r\n')
  return { status: Number(answer.slice(9, 12)), body: answer.slice(at + 4), head: answer.slice(0, at) }
}
