import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import test from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import errorPages, { errorPages as named } from '../../plugins/error-pages.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { fetchWhole } from '../pages/server.ts'

interface App {
  app: FastifyInstance
  log: string[]
}

function create(t: Cleanup): App {
  const log: string[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      log.push(chunk.toString())
      done()
    }
  })
  const app = Fastify({ logger: { level: 'error', stream } })
  t.after(() => app.close())
  return { app, log }
}

async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  return (app.server.address() as AddressInfo).port
}

test('works alone: an error of a route becomes a page without internals, and is logged', async (t) => {
  const { app, log } = create(t)
  await app.register(errorPages)
  app.get('/', async () => {
    throw new Error('connect ECONNREFUSED 10.0.0.1:5432')
  })
  const { status, headers, text } = await fetchWhole(await listen(app), '/')
  assert.equal(status, 500)
  assert.match(text, /500 Internal Server Error/)
  assert.doesNotMatch(text, /ECONN|10\.0/)
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['intermission-reason'], undefined)
  assert.equal(log.filter((line) => line.includes('ECONNREFUSED 10.0.0.1')).length, 1)
})

test('every way to fail ends in the same page', async (t) => {
  const { app } = create(t)
  await app.register(errorPages)
  const busy = Object.assign(new Error('x'), { statusCode: 503 })
  app.get('/async', async () => Promise.reject(busy))
  app.get('/sync', () => {
    throw busy
  })
  app.get('/sent', (_request, reply) => {
    reply.send(busy)
  })
  app.get('/coded', (_request, reply) => {
    reply.code(503).send(new Error('x'))
  })
  app.get('/hook', { preHandler: async () => Promise.reject(busy) }, async () => 'never')
  await app.register(async (child) => child.get('/child', async () => Promise.reject(busy)))
  const port = await listen(app)
  for (const path of ['/async', '/sync', '/sent', '/coded', '/hook', '/child']) {
    const json = await fetchWhole(port, path, { headers: { accept: 'application/json' } })
    assert.deepEqual([path, json.status], [path, 503])
    assert.equal(json.headers['content-type'], 'application/problem+json')
    assert.match(String((JSON.parse(json.text) as Record<string, unknown>).requestId), /^req-/)
    assert.equal((await app.inject(path)).statusCode, 503)
  }
})

test('a thrown value that is no error is an error all the same', async (t) => {
  const { app } = create(t)
  await app.register(errorPages)
  app.get('/', async () => Promise.reject(null))
  assert.equal((await fetchWhole(await listen(app), '/')).status, 500)
})

test('what the app says about a client’s mistake stays as it is', async (t) => {
  const { app } = create(t)
  await app.register(errorPages)
  app.get('/', async () => {
    throw Object.assign(new Error('no such thing'), { statusCode: 404, code: 'APP_NONE' })
  })
  app.post('/', async () => 'ok')
  const port = await listen(app)
  const mistake = await fetchWhole(port, '/')
  assert.equal(mistake.status, 404)
  assert.match(mistake.text, /"no such thing"/)
  assert.equal((await fetchWhole(port, '/nowhere')).status, 404)
  const body = await fetchWhole(port, '/', {
    method: 'POST',
    body: '{',
    headers: { 'content-type': 'application/json' }
  })
  assert.equal(body.status, 400)
})

test('a child’s own error handler comes first', async (t) => {
  const { app } = create(t)
  await app.register(errorPages)
  await app.register(async (child) => {
    child.setErrorHandler((_error, _request, reply) => reply.code(500).send('own'))
    child.get('/', async () => Promise.reject(new Error('x')))
  })
  assert.equal((await fetchWhole(await listen(app), '/')).text, 'own')
})

test('pages come from the folder, and others may use them', async (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, '50x.html'), '<h1>ours {{status}}</h1>')
  const { app } = create(t)
  await app.register(named, { dir })
  app.get('/', async () => Promise.reject(new Error('x')))
  app.get('/mine', (request, reply) => {
    reply.hijack()
    app.errorPages.write(request.raw, reply.raw, { status: 504, reason: 'upstream-timeout' })
  })
  const port = await listen(app)
  assert.equal((await fetchWhole(port, '/')).text, '<h1>ours 500</h1>')
  const mine = await fetchWhole(port, '/mine')
  assert.deepEqual([mine.status, mine.text], [504, '<h1>ours 504</h1>'])
  writeFileSync(join(dir, '50x.html'), 'edited')
  assert.equal((await fetchWhole(port, '/')).text, 'edited')
})

test('a folder that is none stops the boot and names the option', async (t) => {
  for (const dir of ['/nowhere/at/all', '', 7 as unknown as string]) {
    const { app } = create(t)
    await assert.rejects(async () => app.register(errorPages, { dir }), {
      code: 'ERR_INPUT_INVALID',
      field: 'dir'
    })
  }
})

test('the wrong order stops the boot and says what to do', async (t) => {
  for (const name of ['maintenance', 'proxy', 'errorPages']) {
    const { app } = create(t)
    app.decorate(name, {})
    const refused = {
      code: 'ERR_PLUGIN_MISUSE',
      message: name === 'errorPages' ? /register it once/ : /register error-pages first/
    }
    await assert.rejects(async () => app.register(errorPages), refused)
  }
})

test('closing the app ends the watch over the pages', async (t) => {
  const dir = tempDir(t)
  const { app } = create(t)
  await app.register(errorPages, { dir })
  await app.ready()
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  await app.close()
  assert.ok(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length <= before)
})
