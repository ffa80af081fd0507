import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Closed, closedSite } from '../helpers/closed.ts'
import { type RawClient, rawClient } from '../helpers/raw-client.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { httpUpstream } from '../helpers/upstream.ts'

interface Working extends Closed {
  /** What the app is working on. */
  running: Set<string>
  /** Sends a request, and waits until the app has it. */
  begin(line: string, body?: string): Promise<RawClient>
}

const WORK_MS = 400

/** A gateway in front of an app that works on whoever has left. */
async function working(t: Cleanup, abandonedTimeoutMs: number, more: object = {}): Promise<Working> {
  const running = new Set<string>()
  const upstream = await httpUpstream(t, async (request, response) => {
    const { url = '' } = request
    running.add(url)
    request.resume()
    if (url === '/stream') response.writeHead(200).write('the first part')
    await sleep(WORK_MS)
    running.delete(url)
    response.end('done')
  })
  const gateway = await closedSite(t, {}, { proxy: { upstream: upstream.url, abandonedTimeoutMs, ...more } })
  return {
    ...gateway,
    running,
    async begin(line, body = '') {
      const client = await rawClient(t, gateway.port)
      client.send(`${line} HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      await waitUntil(() => running.has(line.split(' ')[1]!))
      return client
    }
  }
}

const drain = { wait: 'drained', timeout: '5s' } as const

for (const line of ['POST /form', 'GET /page', 'GET /stream']) {
  test(`a drain waits for what the app goes on with although its client has left: ${line}`, async (t) => {
    const { site, app, running, begin } = await working(t, 2 * WORK_MS)
    const client = await begin(line)
    if (line === 'GET /stream') await client.waitFor(/the first part/)
    client.socket.resetAndDestroy()
    await waitUntil(() => site.inFlight.count === 0)
    assert.deepEqual([app.proxy.inFlight, site.inFlight.abandoned, running.size], [0, 1, 1])
    const { wait } = await site.enter(drain)
    assert.deepEqual([wait.outcome, wait.abandoned, running.size], ['complete', 0, 0])
  })
}

test('a drain that has no time for that says so, apart from what is in flight', async (t) => {
  const { site, begin } = await working(t, 2 * WORK_MS)
  const client = await begin('POST /form')
  await begin('POST /other')
  client.socket.destroy()
  await waitUntil(() => site.inFlight.abandoned === 1)
  const { wait } = await site.enter({ ...drain, timeout: '50ms' })
  assert.deepEqual([wait.outcome, wait.drained, wait.inFlight, wait.abandoned], ['not-proven', 0, 1, 1])
})

test('after a time-out of ours, or by force, the app may be at it as well', async (t) => {
  const { site, running, begin, ask } = await working(t, 4 * WORK_MS, { responseTimeoutMs: 100 })
  const { status } = await ask('/slow')
  assert.equal(status, 504)
  assert.deepEqual([site.inFlight.abandoned, running.size], [1, 1])
  const late = await site.enter(drain)
  assert.deepEqual([late.wait.outcome, running.size], ['complete', 0])
  await site.leave()

  await begin('POST /form')
  const { wait } = await site.enter({ ...drain, timeout: '20ms', force: true })
  assert.deepEqual([wait.outcome, wait.inFlight, wait.abandoned], ['not-proven', 0, 1])
  const again = await site.enter({ ...drain, message: 'again' })
  assert.deepEqual([again.wait.outcome, running.size], ['complete', 0])
})

test('a mode that would let it in does not wait for it, and with 0 none does', async (t) => {
  const { site, begin } = await working(t, 60_000)
  for (const line of ['GET /page', 'POST /open']) (await begin(line)).socket.destroy()
  await waitUntil(() => site.inFlight.abandoned === 2)
  const { wait } = await site.enter({ ...drain, mode: 'read-only', exceptPaths: ['/open'] })
  assert.equal(wait.outcome, 'complete')

  const careless = await working(t, 0)
  const client = await careless.begin('POST /form')
  client.socket.destroy()
  await waitUntil(() => careless.site.inFlight.count === 0)
  assert.equal((await careless.site.enter(drain)).wait.outcome, 'complete')
})

test('of a large request that was given up nothing is kept, and a drain waits for it in any mode', async (t) => {
  const { site, begin } = await working(t, 60_000)
  for (const size of [10, 5000])
    (await begin(`GET /${size} HTTP/1.1\r\nX-Size: ${'x'.repeat(size)}\r\nX-End:`)).socket.destroy()
  await waitUntil(() => site.inFlight.abandoned === 2)
  const { wait } = await site.enter({ ...drain, mode: 'read-only', timeout: '50ms' })
  assert.deepEqual([wait.outcome, wait.abandoned], ['not-proven', 1])
})

test('an answer that came whole, and an app that broke off by itself, leave nothing', async (t) => {
  const { site, ask } = await working(t, 60_000)
  assert.equal((await ask('/whole')).status, 200)
  const broken = await httpUpstream(t, (request) => void request.socket.destroy())
  const other = await closedSite(t, {}, { proxy: { upstream: broken.url } })
  assert.equal((await other.ask('/broken', { method: 'POST' })).status, 502)
  assert.deepEqual([site.inFlight.abandoned, other.site.inFlight.abandoned], [0, 0])
})
