import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MaintenanceOptions } from '../../plugins/maintenance.ts'
import { type OpenMaintenance, openMaintenance } from '../../src/state/maintenance.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import { type Asked, type AskOptions, askFor } from '../helpers/closed.ts'
import { type Listening, type ListeningOptions, listening } from '../helpers/listening.ts'
import { rawClient } from '../helpers/raw-client.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { httpUpstream, refusingUpstream, tcpUpstream } from '../helpers/upstream.ts'

interface Slow extends Listening {
  site: OpenMaintenance
  /** Requests that the app has and has not answered. */
  open: Map<string, ServerResponse>
  ask(target: string, options?: AskOptions): Promise<Asked>
}

/** A gateway in front of an app that answers when the test says so. */
async function slowApp(t: Cleanup, options: MaintenanceOptions = {}): Promise<Slow> {
  const open = new Map<string, ServerResponse>()
  const upstream = await httpUpstream(t, (request, response) => {
    const { url = '' } = request
    request.resume()
    open.set(url, response)
    response.on('close', () => open.delete(url))
  })
  return { ...(await gated(t, { proxy: { upstream: upstream.url } }, options)), open }
}

async function gated(
  t: Cleanup,
  more: ListeningOptions,
  options: MaintenanceOptions = {}
): Promise<Omit<Slow, 'open'>> {
  const site = await openMaintenance({ store: createMemoryStore() })
  t.after(() => site.close())
  const gateway = await listening(t, { ...more, maintenance: { maintenance: site, ...options } })
  return { ...gateway, site, ask: (target, asked) => askFor(gateway.port, target, asked) }
}

test('a drain waits for what the app is doing, cuts nothing, and nothing new gets in', async (t) => {
  const { site, app, open, ask } = await slowApp(t)
  const running = ask('/running', { method: 'POST', body: 'x' })
  await waitUntil(() => open.has('/running'))
  assert.equal(site.inFlight.count, 1)
  let isOver = false
  const entered = site.enter({ wait: 'drained' }).finally(() => {
    isOver = true
  })
  await waitUntil(() => site.state.mode === 'maintenance')
  assert.equal((await ask('/new')).status, 503)
  await sleep(50)
  assert.ok(!isOver && !open.has('/new'))
  open.get('/running')?.end('done')
  const { wait } = await entered
  assert.deepEqual([wait.outcome, wait.drained, wait.inFlight], ['complete', 1, 0])
  const { status, body } = await running
  assert.deepEqual([status, body, app.proxy.inFlight, site.inFlight.count], [200, 'done', 0, 0])
})

test('a drain that takes too long says what is left; with force that is ended, and its client told', async (t) => {
  const { site, open, ask } = await slowApp(t)
  const unanswered = ask('/unanswered')
  const begun = ask('/begun').catch((error: Error) => error)
  await waitUntil(() => open.size === 2)
  open.get('/begun')?.writeHead(200, { 'content-length': 10 }).write('half')
  await sleep(20)
  const { wait } = await site.enter({ wait: 'drained', timeout: '100ms' })
  assert.deepEqual([wait.outcome, wait.inFlight], ['not-proven', 2])
  assert.ok((wait.oldestMs ?? 0) >= 100, `${wait.oldestMs}`)
  assert.equal(open.size, 2)

  const forced = await site.enter({ message: 'now', wait: 'drained', timeout: '50ms', force: true })
  const { outcome, inFlight, abandoned } = forced.wait
  assert.deepEqual(
    [outcome, inFlight, abandoned],
    ['not-proven', 0, 2],
    'the app may be at them all the same'
  )
  const { status, reason } = await unanswered
  assert.deepEqual([status, reason], [503, 'maintenance'])
  assert.ok((await begun) instanceof Error, 'what had begun is cut visibly')
  await waitUntil(() => open.size === 0)
})

test('with force an upload that is on its way ends with an answer as well', async (t) => {
  const { site, open, port } = await slowApp(t)
  const client = await rawClient(t, port)
  client.send('POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nthe first part')
  await waitUntil(() => open.has('/up'))
  const { wait } = await site.enter({ wait: 'drained', timeout: '20ms', force: true })
  assert.deepEqual([wait.inFlight, wait.abandoned], [0, 1])
  await client.waitFor(/^HTTP\/1\.1 503 [\s\S]*Intermission-Reason: maintenance/)
  await waitUntil(() => open.size === 0)
  // The rest is thrown away, and the connection is in step again.
  client.send('x'.repeat(100_000 - 'the first part'.length))
  client.send('GET /next HTTP/1.1\r\nHost: h\r\n\r\n')
  await client.waitFor(/HTTP\/1\.1 503 [\s\S]*HTTP\/1\.1 503 /)
})

test('a drain waits only for what the new mode would not let in', async (t) => {
  const { site, open, ask } = await slowApp(t, { bypassPaths: ['/hooks/*'] })
  const all = [ask('/read'), ask('/shop/a', { method: 'POST' }), ask('/hooks/a', { method: 'POST' })]
  await waitUntil(() => open.size === 3)
  const drained = async (request: object): Promise<[string, number]> => {
    const { wait } = await site.enter({ ...request, wait: 'drained', timeout: '60ms' })
    return [wait.outcome, wait.inFlight]
  }
  assert.deepEqual(await drained({ mode: 'maintenance', paths: ['/other/*'] }), ['complete', 0])
  assert.deepEqual(await drained({ mode: 'read-only', exceptPaths: ['/shop/a'] }), ['complete', 0])
  await site.leave()
  all.push(ask('/write', { method: 'POST' }), ask('/stream'))
  await waitUntil(() => open.size === 5)
  assert.deepEqual(await drained({ mode: 'read-only' }), ['not-proven', 2])
  for (const response of open.values()) response.end()
  await Promise.all(all)
})

test('who passes by a bypass is counted apart and not waited for', async (t) => {
  const { site, app, open, ask } = await slowApp(t, { bypassTokens: ['a-token-of-a-machine'] })
  await site.enter()
  const headers = { 'intermission-bypass': 'a-token-of-a-machine' }
  const running = ask('/', { headers })
  await waitUntil(() => open.has('/'))
  assert.deepEqual([site.inFlight.count, app.gate.bypassed, app.proxy.inFlight], [0, 1, 1])
  const { wait } = await site.enter({ message: 'again', wait: 'drained' })
  assert.equal(wait.outcome, 'complete')
  open.get('/')?.end()
  assert.equal((await running).status, 200)
  await waitUntil(() => app.gate.bypassed === 0)
})

const UPGRADE = 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

async function tunnelled(t: Cleanup, options: MaintenanceOptions): Promise<Omit<Slow, 'open'>> {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      socket.on('data', (bytes) => socket.write(bytes))
    })
  })
  return gated(t, { proxy: { upstream: upstream.url } }, options)
}

test('open WebSockets are ended by a mode that would not let them in, and new ones are refused', async (t) => {
  const { site, app, port } = await tunnelled(t, { bypassPaths: ['/open'] })
  const [one, other] = [await rawClient(t, port), await rawClient(t, port)]
  one.send(UPGRADE)
  other.send(UPGRADE.replace('/ws', '/open'))
  for (const client of [one, other]) await client.waitFor(/101/)
  assert.deepEqual([app.proxy.tunnels, site.inFlight.count], [2, 2])
  const { wait } = await site.enter({ mode: 'maintenance', wait: 'drained' })
  assert.equal(wait.outcome, 'complete')
  await one.ended()
  assert.equal(app.proxy.tunnels, 1)
  other.send('still there')
  await other.waitFor(/still there$/)
  const late = await rawClient(t, port)
  late.send(UPGRADE)
  await late.waitFor(/^HTTP\/1\.1 503 /)
})

test('with `leave` open WebSockets stay, and nobody waits for them', async (t) => {
  const { site, app, port } = await tunnelled(t, { websockets: 'leave' })
  const client = await rawClient(t, port)
  client.send(UPGRADE)
  await client.waitFor(/101/)
  const { wait } = await site.enter({ wait: 'drained' })
  assert.equal(wait.outcome, 'complete')
  client.send('still there')
  await client.waitFor(/still there$/)
  assert.equal(app.proxy.tunnels, 1)
})

test('requests that wait for an app that is gone get what a new mode says, and a drain does not wait for them', async (t) => {
  const upstream = await refusingUpstream()
  const { site, app, ask } = await gated(t, { proxy: { upstream, holdOnRefusedMs: 20_000 } })
  const waiting = [ask('/a', { method: 'POST', body: 'x' }), ask('/b')]
  await waitUntil(() => app.proxy.held === 2)
  // Held is held, whoever says so.
  const held = await site.enter({ mode: 'hold', wait: 'drained', timeout: '5s' })
  assert.deepEqual([held.wait.outcome, app.gate.held, app.proxy.inFlight], ['complete', 2, 0])
  const { wait } = await site.enter({ mode: 'maintenance', wait: 'drained', timeout: '5s' })
  assert.equal(wait.outcome, 'complete')
  for (const { status, reason } of await Promise.all(waiting))
    assert.deepEqual([status, reason], [503, 'maintenance'])
  await waitUntil(() => app.proxy.held === 0)
  assert.equal(app.proxy.inFlight, 0)
})
