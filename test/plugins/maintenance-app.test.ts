import assert from 'node:assert/strict'
import { ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import maintenance, { type MaintenanceOptions } from '../../plugins/maintenance.ts'
import proxy from '../../plugins/proxy.ts'
import { askFor } from '../helpers/closed.ts'
import { rawClient } from '../helpers/raw-client.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { okUpstream } from '../helpers/upstream.ts'

interface Own {
  app: FastifyInstance
  port: number
  /** Answers the requests for /slow that are waiting. */
  answer(): void
  /** Requests for /slow that are being worked on. */
  readonly working: number
}

/** An app with routes of its own, one of which is as slow as the test wants. */
async function ownApp(t: Cleanup, options: MaintenanceOptions = {}, upstream?: string): Promise<Own> {
  const app = Fastify()
  t.after(() => app.close())
  const waiting = new Set<() => void>()
  await app.register(maintenance, options)
  app.all('/slow', async () => {
    await new Promise<void>((resolve) => waiting.add(resolve))
    return 'slow'
  })
  app.get('/socket', (request, reply) => {
    reply.hijack()
    request.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n')
  })
  app.get('/fast', async () => 'fast')
  app.post('/migrate', { config: { intermission: { bypass: true } } }, async () =>
    app.maintenance.during({ wait: 'drained', timeout: '2s' }, async () => app.maintenance.state.mode)
  )
  if (upstream !== undefined) await app.register(proxy, { upstream })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return {
    app,
    port: (app.server.address() as AddressInfo).port,
    answer() {
      for (const resolve of waiting) resolve()
      waiting.clear()
    },
    get working() {
      return waiting.size
    }
  }
}

for (const beside of ['alone', 'beside the proxy']) {
  test(`a drain waits for what routes of the app itself are doing, ${beside}`, async (t) => {
    const upstream = beside === 'alone' ? undefined : (await okUpstream(t)).url
    const { app, port, answer, working } = await ownApp(t, {}, upstream)
    assert.equal(working, 0)
    const running = askFor(port, '/slow', {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' }
    })
    await waitUntil(() => app.maintenance.inFlight.count === 1)
    let isOver = false
    const entered = app.maintenance.enter({ wait: 'drained' }).finally(() => {
      isOver = true
    })
    await sleep(50)
    assert.ok(!isOver)
    assert.equal((await askFor(port, '/fast')).status, 503)
    answer()
    assert.equal((await entered).wait.outcome, 'complete')
    assert.equal((await running).body, 'slow')
    assert.equal(app.maintenance.inFlight.count, 0)
  })
}

test('a client that leaves, an upload that is refused and a route that is not there leave nothing in flight', async (t) => {
  const { app, port } = await ownApp(t)
  const leaving = await rawClient(t, port)
  leaving.send('GET /slow HTTP/1.1\r\nHost: h\r\n\r\n')
  const uploading = await rawClient(t, port)
  uploading.send(
    'POST /slow HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nab'
  )
  await waitUntil(() => app.maintenance.inFlight.count === 2)
  assert.equal((await askFor(port, '/nowhere')).status, 404)
  await app.maintenance.enter()
  leaving.socket.destroy()
  uploading.send('cde')
  await uploading.waitFor(/^HTTP\/1\.1 503 /)
  await waitUntil(() => app.maintenance.inFlight.count === 0)
})

test('an upload that waits at the second look is not in flight meanwhile, and goes on', async (t) => {
  const { app, port, answer } = await ownApp(t)
  const client = await rawClient(t, port)
  client.send('POST /slow HTTP/1.1\r\nHost: h\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nab')
  await waitUntil(() => app.maintenance.inFlight.count === 1)
  const entered = app.maintenance.enter({ mode: 'hold', wait: 'drained', timeout: '5s' })
  await waitUntil(() => app.maintenance.state.mode === 'hold')
  client.send('cd')
  assert.equal((await entered).wait.outcome, 'complete')
  assert.deepEqual([app.gate.held, app.maintenance.inFlight.count], [1, 0])
  await app.maintenance.leave()
  await waitUntil(() => app.maintenance.inFlight.count === 1)
  answer()
  await client.waitFor(/^HTTP\/1\.1 200 /)
})

test('app.inject meets the gate as everybody does, and nothing stays counted', async (t) => {
  const { app } = await ownApp(t, { bypassTokens: ['a-token-of-a-machine'] })
  const status = async (url: string, headers: Record<string, string> = {}): Promise<number> =>
    (await app.inject({ url, headers })).statusCode
  assert.equal(await status('/fast'), 200)
  assert.equal(await status('/nowhere'), 404)
  await app.maintenance.enter()
  assert.equal(await status('/fast'), 503)
  assert.equal(await status('/fast', { 'intermission-bypass': 'a-token-of-a-machine' }), 200)
  assert.equal(await status('/.intermission/status'), 200)
  await app.maintenance.enter({ mode: 'hold' })
  const held = status('/fast')
  await waitUntil(() => app.gate.held === 1)
  await app.maintenance.leave()
  assert.equal(await held, 200)
  const { held: left, bypassed } = app.gate
  assert.deepEqual([left, bypassed, app.maintenance.inFlight.count], [0, 0, 0])
})

test('a route that is open in every mode may enter, drain and work, and does not wait for itself', async (t) => {
  const { app, port } = await ownApp(t)
  const { status, body } = await askFor(port, '/migrate', { method: 'POST' })
  assert.deepEqual([status, body], [200, 'maintenance'])
  assert.equal(app.maintenance.state.mode, 'live')
})

test('a connection of another protocol that a route has taken is ended with the mode', async (t) => {
  const { app, port } = await ownApp(t)
  app.server.on('upgrade', (request, socket) => {
    const response = new ServerResponse(request)
    response.assignSocket(socket as Socket)
    app.routing(request, response)
  })
  const client = await rawClient(t, port)
  client.send('GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n')
  await client.waitFor(/^HTTP\/1\.1 101 /)
  assert.equal(app.maintenance.inFlight.count, 1)
  const { wait } = await app.maintenance.enter({ wait: 'drained' })
  assert.equal(wait.outcome, 'complete')
  await client.ended()
})

test('an app that closes answers those who are held', async (t) => {
  const { app, port } = await ownApp(t)
  await app.maintenance.enter({ mode: 'hold' })
  const waiting = askFor(port, '/fast')
  await waitUntil(() => app.gate.held === 1)
  await app.close()
  const { status, reason } = await waiting
  assert.deepEqual([status, reason], [503, 'hold-timeout'])
})

test('events tell what changed into what', async (t) => {
  const { app } = await ownApp(t)
  const told: string[] = []
  const forget = app.maintenance.onChange((now, before) => told.push(`${before.mode} > ${now.mode}`))
  await app.maintenance.enter({ mode: 'hold' })
  await app.maintenance.enter({ mode: 'read-only' })
  await app.maintenance.leave()
  forget()
  await app.maintenance.enter()
  assert.deepEqual(told, ['live > hold', 'hold > read-only', 'read-only > live'])
})

test('what Fastify would answer before any hook is for the gate where the app says so, and else for Fastify', async (t) => {
  const app = Fastify({
    frameworkErrors(error, request, reply) {
      if (!app.gate.turnAway(request.raw, reply.raw)) (reply as unknown as FastifyReply).send(error)
    }
  })
  t.after(() => app.close())
  await app.register(maintenance)
  app.get('/items/:id', async () => 'an item')
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const statuses = async (): Promise<unknown[]> => {
    const answers = [askFor(port, '/%zz'), askFor(port, '/%zz', { method: 'POST', body: 'x' })]
    answers.push(askFor(port, `/items/${'x'.repeat(200)}`))
    return (await Promise.all(answers)).map(({ status, reason }) => [status, reason])
  }
  const own = [
    [400, undefined],
    [400, undefined],
    [414, undefined]
  ]
  assert.deepEqual(await statuses(), own)
  await app.maintenance.enter()
  assert.deepEqual(await statuses(), Array(3).fill([503, 'maintenance']))
  await app.maintenance.leave()
  assert.deepEqual(await statuses(), own)
})

test('garbage in the packet of a request takes nothing from its answer, in an app that listens by itself', async (t) => {
  const { app, port } = await ownApp(t)
  await app.maintenance.enter({})
  const client = await rawClient(t, port)
  client.send('GET /fast HTTP/1.1\r\nHost: h\r\n\r\nwhat is this\r\n\r\n')
  await client.ended()
  assert.deepEqual(client.received.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 503', 'HTTP/1.1 400'])
})
