import assert from 'node:assert/strict'
import { pbkdf2 } from 'node:crypto'
import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import fastifyStatic from '@fastify/static'
import Fastify from 'fastify'
import staticFirst, { type StaticFirstOptions } from '../../plugins/static-first.ts'
import { rawClient, rawExchange } from '../helpers/raw-client.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { fetchWhole } from '../pages/server.ts'
import { raw, site } from './static-site.ts'

test('works alone: files first, then the routes of a bare app', async (t) => {
  const root = tempDir(t)
  writeFileSync(join(root, 'a.css'), 'a{}')
  writeFileSync(join(root, 'user'), 'file')
  const app = Fastify()
  await app.register(staticFirst, { root })
  app.get('/user', async () => 'route')
  app.get('/other', async () => 'other')
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.after(() => app.close())
  const { port } = app.server.address() as AddressInfo
  const css = await fetchWhole(port, '/a.css?v=1')
  assert.deepEqual(
    [css.status, css.text, css.headers['content-type']],
    [200, 'a{}', 'text/css; charset=utf-8']
  )
  assert.equal((await fetchWhole(port, '/user')).text, 'file')
  assert.equal((await fetchWhole(port, '/other')).text, 'other')
  assert.equal((await fetchWhole(port, '/none')).status, 404)
  assert.equal((await fetchWhole(port, '/a.css', { method: 'DELETE' })).status, 405)
  assert.equal((await app.inject('/a.css')).payload, 'a{}')
  assert.equal((await app.inject('/a%00.css')).statusCode, 400)
})

test('a file has its length, type and validators, to HEAD as to GET', async (t) => {
  const { port, asked } = await site(t)
  const { headers, text } = await fetchWhole(port, '/hello.txt')
  assert.equal(text, 'hello\n')
  assert.equal(headers['content-length'], '6')
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
  assert.match(headers.etag ?? '', /^"[\w-]+"$/)
  assert.match(headers['last-modified'] ?? '', /GMT$/)
  assert.equal(headers['accept-ranges'], 'bytes')
  const head = await fetchWhole(port, '/hello.txt', { method: 'HEAD' })
  assert.deepEqual(
    [head.status, head.text, head.headers['content-length'], head.headers.etag],
    [200, '', '6', headers.etag]
  )
  assert.equal((await fetchWhole(port, '/noext')).headers['content-type'], 'application/octet-stream')
  assert.equal((await fetchWhole(port, '/empty.txt')).headers['content-length'], '0')
  assert.deepEqual(asked, [])
})

test('OPTIONS * is not about a file', async (t) => {
  const { port, asked } = await site(t)
  const answer = await rawExchange(t, port, 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  assert.match(answer, /^HTTP\/1\.1 200/)
  assert.deepEqual(asked, ['*'])
})

test('other methods on a file are 405, on anything else the app’s affair', async (t) => {
  const { port, asked } = await site(t)
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']) {
    const { status, headers } = await fetchWhole(port, '/hello.txt', { method, body: 'x' })
    assert.deepEqual([status, headers.allow], [405, 'GET, HEAD'])
    assert.equal((await fetchWhole(port, '/nope.txt', { method })).text, 'the-app')
  }
  assert.equal(asked.length, 5)
})

test('links may lead out of the folder when they are told to', async (t) => {
  const found = await site(t, { followLinks: true })
  assert.equal((await raw(t, found, '/out.txt')).body, 'SECRET')
  assert.equal((await raw(t, found, '/../secret.txt')).status, 400)
  assert.equal((await raw(t, found, '/loop.txt')).body, 'the-app')
})

test('files come, change and go while the app runs', async (t) => {
  const { port, root } = await site(t)
  const file = join(root, 'later.txt')
  assert.equal((await fetchWhole(port, '/later.txt')).text, 'the-app')
  writeFileSync(file, 'one')
  const one = await fetchWhole(port, '/later.txt')
  writeFileSync(file, 'two')
  const two = await fetchWhole(port, '/later.txt')
  assert.deepEqual([one.text, two.text], ['one', 'two'])
  assert.notEqual(one.headers.etag, two.headers.etag)
  rmSync(file)
  assert.equal((await fetchWhole(port, '/later.txt')).text, 'the-app')
})

test('files and app answers alternate on one connection, a GET with a body among them', async (t) => {
  const { port } = await site(t)
  const client = await rawClient(t, port)
  const body = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
  client.send(`GET /hello.txt HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  for (const target of ['/x', '/sub/in.txt', '/nope', '/digits.txt'])
    client.send(`GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`)
  await client.waitFor(/hello\n[\s\S]*the-app[\s\S]*in-sub[\s\S]*the-app[\s\S]*0123456789$/)
  assert.equal(client.received.match(/HTTP\/1\.1 200/g)?.length, 5)
})

test('downloads that are aborted never reach the app, and leave no file open', async (t) => {
  const found = await site(t)
  writeFileSync(join(found.root, 'big.bin'), Buffer.alloc(5_000_000, 'x'))
  const opened = (): number => readdirSync('/proc/self/fd').length
  await fetchWhole(found.port, '/hello.txt')
  const before = opened()
  for (let round = 0; round < 100; round++) {
    const client = await rawClient(t, found.port)
    client.send('GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n')
    if (round % 2 === 0) await client.waitFor(/200 OK/)
    client.socket.resetAndDestroy()
  }
  for (let wait = 0; opened() > before + 5 && wait < 100; wait++) await sleep(20)
  assert.ok(opened() <= before + 5, `${opened()} open after ${before}`)
  assert.deepEqual(found.asked, [])
  assert.equal((await fetchWhole(found.port, '/hello.txt')).text, 'hello\n')
})

test('a file that shrinks while it is sent is a cut answer, not a short one', async (t) => {
  const found = await site(t)
  const file = join(found.root, 'big.bin')
  writeFileSync(file, Buffer.alloc(50_000_000, 'x'))
  const client = await rawClient(t, found.port)
  client.send('GET /big.bin HTTP/1.1\r\nHost: x\r\n\r\n')
  await client.waitFor(/200 OK/)
  client.socket.pause()
  await sleep(50)
  truncateSync(file, 10)
  client.socket.resume()
  await client.ended()
  assert.ok(client.received.length < 50_000_000)
})

test('a file that goes away at the last moment was never there', async (t) => {
  const { app, port, root, asked } = await site(t)
  // The look is taken at once; what follows waits for the thread pool, which is busy.
  app.server.on('request', () => rmSync(join(root, 'hello.txt')))
  for (let task = 0; task < 8; task++) pbkdf2('x', 'y', 100_000, 64, 'sha512', () => {})
  const { status, text, headers } = await fetchWhole(port, '/hello.txt', { headers: { range: 'bytes=0-1' } })
  assert.deepEqual([status, text, asked], [200, 'the-app', ['/hello.txt']])
  assert.deepEqual(
    [headers.etag, headers['content-range'], headers['accept-ranges']],
    [undefined, undefined, undefined]
  )
})

test('a client of HTTP/1.0 gets a file', async (t) => {
  const { port } = await site(t)
  assert.match(await rawExchange(t, port, 'GET /hello.txt HTTP/1.0\r\n\r\n'), /200 OK[\s\S]*hello\n$/)
})

test('a root that is none, or an option of the wrong kind, stops the boot', async (t) => {
  for (const [field, options] of [
    ['root', { root: '/nowhere/at/all' }],
    ['root', { root: import.meta.filename }],
    ['root', {}],
    ['followLinks', { root: tempDir(t), followLinks: 'yes' }]
  ] as [string, StaticFirstOptions][]) {
    const app = Fastify()
    await assert.rejects(async () => app.register(staticFirst, options), { code: 'ERR_INPUT_INVALID', field })
  }
})

test('registered after @fastify/static it says what to do', async (t) => {
  const root = tempDir(t)
  const app = Fastify()
  await app.register(fastifyStatic, { root })
  await assert.rejects(async () => app.register(staticFirst, { root }), {
    code: 'ERR_PLUGIN_MISUSE',
    message: /register static-first first/
  })
})

test('before @fastify/static the two live together', async (t) => {
  const root = tempDir(t)
  const other = tempDir(t)
  writeFileSync(join(root, 'a.txt'), 'first')
  writeFileSync(join(other, 'a.txt'), 'second')
  writeFileSync(join(other, 'b.txt'), 'second')
  const app = Fastify()
  t.after(() => app.close())
  await app.register(staticFirst, { root })
  await app.register(fastifyStatic, { root: other, decorateReply: false })
  assert.equal((await app.inject('/a.txt')).payload, 'first')
  assert.equal((await app.inject('/b.txt')).payload, 'second')
})
