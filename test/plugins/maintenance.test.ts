import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import maintenance, { type MaintenanceOptions } from '../../plugins/maintenance.ts'
import staticFirst from '../../plugins/static-first.ts'
import type { Problem } from '../../src/pages/answers.ts'
import { openMaintenance } from '../../src/state/maintenance.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import { rawClient, rawExchange } from '../helpers/raw-client.ts'
import { tempDir } from '../helpers/temp-dir.ts'

interface Running {
  app: FastifyInstance
  port: number
  url: string
}

/** A bare app with this plugin, a few routes and nothing else. */
async function start(t: TestContext, options: MaintenanceOptions = {}): Promise<Running> {
  const app = Fastify()
  t.after(() => app.close())
  await app.register(maintenance, options)
  app.get('/', async () => 'the app')
  app.post('/', async () => 'taken')
  app.get('/open', { config: { intermission: { bypass: true } } }, async () => 'open')
  app.get('/.well-known/*', async () => 'well known')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return { app, port, url: `http://127.0.0.1:${port}` }
}

test('works alone: 503 after enter, the app after leave', async (t) => {
  const { app, url } = await start(t)
  assert.equal(await (await fetch(url)).text(), 'the app')

  await app.maintenance.enter({ message: 'Back at <nine>', for: '30m' })
  const html = await fetch(url, { headers: { accept: 'text/html' } })
  assert.equal(html.status, 503)
  assert.equal(html.headers.get('intermission-reason'), 'maintenance')
  assert.equal(html.headers.get('cache-control'), 'no-store')
  const retryAfter = Number(html.headers.get('retry-after'))
  assert.ok(retryAfter > 1790 && retryAfter <= 1800, `${retryAfter}`)
  assert.match(await html.text(), /Back at &lt;nine&gt;/)

  const json = await fetch(url, { headers: { accept: 'application/json' } })
  assert.equal(json.status, 503)
  const problem = (await json.json()) as Record<string, unknown>
  assert.equal(problem.message, 'Back at <nine>')
  assert.equal(problem.reason, 'maintenance')
  assert.equal(problem.until, app.maintenance.state.until)

  await app.maintenance.leave()
  assert.equal(await (await fetch(url)).text(), 'the app')
})

test('every method and every path is answered with 503, those without a route included', async (t) => {
  const { app, port } = await start(t)
  await app.maintenance.enter()
  for (const method of app.supportedMethods) {
    for (const path of ['/', '/nothing/here']) {
      const answer = await rawExchange(
        t,
        port,
        `${method} ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`
      )
      assert.match(answer, /^HTTP\/1\.1 503 /, `${method} ${path}`)
    }
  }
})

test('a body that is sent does no harm to the next request, and HEAD has the head only', async (t) => {
  const { app, port } = await start(t)
  await app.maintenance.enter()
  const client = await rawClient(t, port)
  const body = 'x'.repeat(100_000)
  client.send(
    `POST / HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  )
  await client.waitFor(/^HTTP\/1\.1 503 /)
  client.send('HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await client.ended()
  const head = client.received.slice(client.received.lastIndexOf('HTTP/1.1 503 '))
  assert.match(head, /content-length: [1-9]/i)
  assert.ok(head.endsWith('\r\n\r\n'))
})

test('a route that says so is answered in maintenance as well', async (t) => {
  const { app, url } = await start(t)
  await app.maintenance.enter()
  const answer = await fetch(`${url}/open`)
  assert.equal(answer.status, 200)
  assert.equal(await answer.text(), 'open')
})

test('ACME challenges pass, and nothing that only looks like one', async (t) => {
  const { app, port } = await start(t)
  await app.maintenance.enter()
  const at = '/.well-known/acme-challenge'
  const statusOf = async (target: string): Promise<string> =>
    (await rawExchange(t, port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)).slice(
      9,
      12
    )
  for (const target of [`${at}/abc-DEF_123`, `${at}/a.b`, `${at}/a/b`, `${at}/abc?x=1`, `${at}/abc?/../..`]) {
    assert.equal(await statusOf(target), '200', target)
  }
  for (const target of [
    ...[at, `${at}/`, `${at}x/abc`, `${at}//abc`, `/${at}/abc`, `${at}/abc/`, `${at}/abc//d`],
    ...[`${at}/..`, `${at}/../x`, `${at}/./x`, `${at}/x/..`, `${at}/..?x`, `${at}/..;/x`, `${at}/..\\x`],
    ...[`${at}/%2e%2e/x`, `${at}/.%2e/x`, `${at}/a%2fb`, `${at}%2fabc`, `${at}/a%5cb`, `${at}/a%00`],
    ...['/.WELL-KNOWN/acme-challenge/abc', '/%2ewell-known/acme-challenge/abc', `/x${at}/abc`]
  ]) {
    assert.equal(await statusOf(target), '503', target)
  }
})

test('a request that was let in before, and waited for its body, is refused right before the handler', async (t) => {
  const { app, port } = await start(t)
  const answer = new Promise<number | undefined>((resolve, reject) => {
    const request = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: '/' }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    request.on('error', reject)
    request.setHeader('content-type', 'text/plain')
    app.server.once('request', () => {
      setTimeout(() => {
        void app.maintenance.enter().then(() => request.end('the rest'))
      }, 20)
    })
    request.write('a part')
  })
  assert.equal(await answer, 503)
})

test('uses the pages of the app when it has them', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  const problems: Problem[] = []
  const answers = {
    write(_request: unknown, response: { end(text: string): void }, problem: Problem) {
      problems.push(problem)
      response.end('page')
    },
    close: () => assert.fail('it belongs to the app')
  }
  app.decorate('errorPages', answers as never)
  await app.register(maintenance, { site: 'shop' })
  await app.maintenance.enter({ message: 'Back soon', retryAfter: '5m' })
  await app.listen({ port: 0, host: '127.0.0.1' })
  await fetch(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/`)
  const { requestId, ...problem } = problems[0] ?? assert.fail('nothing was answered')
  assert.ok(requestId)
  assert.deepEqual(problem, {
    status: 503,
    reason: 'maintenance',
    message: 'Back soon',
    until: null,
    retryAfterSeconds: 300,
    site: 'shop'
  })
})

test('a store of the app keeps the mode, and stays open when the app closes', async (t) => {
  const store = createMemoryStore()
  const first = await start(t, { store })
  await first.app.maintenance.enter()
  await first.app.close()
  const second = await start(t, { store })
  assert.equal((await fetch(second.url)).status, 503)
})

test('a maintenance that is open already is shared, and stays open when the app closes', async (t) => {
  const shared = await openMaintenance({ store: createMemoryStore() })
  t.after(() => shared.close())
  const { app, url } = await start(t, { maintenance: shared })
  await shared.enter()
  assert.equal((await fetch(url)).status, 503)
  await app.close()
  assert.equal((await shared.leave()).mode, 'live')
})

test('an app that is closed answers no more changes of its own maintenance', async (t) => {
  const { app } = await start(t)
  await app.close()
  await assert.rejects(app.maintenance.enter(), /closed/)
})

test('a wrong option is an error at the start that names it', async () => {
  const shared = await openMaintenance({ store: createMemoryStore() })
  const wrong: [MaintenanceOptions, RegExp][] = [
    [{ store: 'memory:' as never }, /^store: /],
    [{ store: null as never }, /^store: /],
    [{ site: '' }, /^site: /],
    [{ maintenance: {} as never }, /^maintenance: /],
    [{ maintenance: shared, site: 'shop' }, /either an open maintenance, or the store and site/]
  ]
  for (const [options, message] of wrong) {
    await assert.rejects(async () => Fastify().register(maintenance, options), { message })
  }
  await shared.close()
})

test('refuses to come after static-first, whose files it could not close', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  await app.register(staticFirst, { root: tempDir(t) })
  await assert.rejects(async () => app.register(maintenance), {
    code: 'ERR_PLUGIN_MISUSE',
    message:
      'maintenance is registered after static-first, whose files it could not close; register it before'
  })
})
