import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Asked, askFor, type Closed, closedSite } from '../helpers/closed.ts'
import { callGateway } from '../helpers/gateway-status.ts'
import { answerOf, http2Client } from '../helpers/listening.ts'
import { startGateway } from '../helpers/process.ts'
import { rawClient } from '../helpers/raw-client.ts'
import { waitUntil } from '../helpers/store-contract.ts'

/** Starts requests one after the other, each when the one before is held. */
async function crowd(gateway: Closed, count: number, method = 'POST'): Promise<Promise<Asked>[]> {
  const before = gateway.app.gate.held
  const waiting: Promise<Asked>[] = []
  for (let n = 0; n < count; n++) {
    const body = method === 'POST' ? { body: `n=${n}` } : {}
    waiting.push(gateway.ask(`/${method}/${n}`, { method, ...body }))
    await waitUntil(() => gateway.app.gate.held === before + n + 1)
  }
  return waiting
}

test('requests wait, none of their bodies read, and go to the app in the order in which they came', async (t) => {
  const gateway = await closedSite(t)
  await gateway.site.enter({ mode: 'hold' })
  const waiting = await crowd(gateway, 20)
  const slow = await rawClient(t, gateway.port)
  slow.send('POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n')
  await waitUntil(() => gateway.app.gate.held === 21)
  assert.equal(gateway.upstream.seen.length, 0)
  assert.equal(slow.received, '')
  await gateway.site.leave()
  for (const { status } of await Promise.all(waiting)) assert.equal(status, 200)
  await slow.waitFor(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
  slow.send('abc')
  await slow.waitFor(/HTTP\/1\.1 200 OK/)
  const urls = gateway.upstream.seen.map(({ url, body }) => `${url} ${body}`)
  assert.deepEqual(urls.slice(0, 20).sort(), Array.from({ length: 20 }, (_, n) => `/POST/${n} n=${n}`).sort())
  assert.equal(urls[20], '/slow abc')
  assert.equal(gateway.app.gate.held, 0)
})

test('a wait that is too long ends with 503 hold-timeout, and one too many gets 503 hold-full at once', async (t) => {
  const gateway = await closedSite(t, { holdLimit: 2 })
  await gateway.site.enter({ mode: 'hold', maxWait: '200ms', message: 'One moment' })
  const startMs = performance.now()
  const waiting = await crowd(gateway, 2)
  const full = await gateway.ask('/', { method: 'POST', body: 'x', headers: { accept: 'application/json' } })
  assert.ok(performance.now() - startMs < 190, 'before the others')
  assert.deepEqual([full.status, full.reason], [503, 'hold-full'])
  assert.equal((JSON.parse(full.body) as { message: string }).message, 'One moment')
  for (const answer of await Promise.all(waiting)) {
    assert.deepEqual([answer.status, answer.reason], [503, 'hold-timeout'])
    assert.ok(Number(answer.headers['retry-after']) > 0)
  }
  const tookMs = performance.now() - startMs
  assert.ok(tookMs >= 195, `${tookMs} ms`)
  assert.deepEqual([gateway.app.gate.held, gateway.upstream.seen.length], [0, 0])
})

test('a client that leaves frees its place, over HTTP/1, HTTP/2 and as an upgrade', async (t) => {
  const gateway = await closedSite(t, {}, { h2c: true })
  await gateway.site.enter({ mode: 'hold' })
  const plain = await rawClient(t, gateway.port)
  plain.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  const upgrade = await rawClient(t, gateway.port)
  upgrade.send('GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  const session = http2Client(t, gateway)
  const stream = session.request({ ':path': '/' })
  stream.on('error', () => undefined)
  const other = session.request({ ':path': '/other' })
  const answered = answerOf(other)
  await waitUntil(() => gateway.app.gate.held === 4)
  stream.close()
  await waitUntil(() => gateway.app.gate.held === 3)
  plain.socket.destroy()
  await waitUntil(() => gateway.app.gate.held === 2)
  upgrade.socket.resetAndDestroy()
  await waitUntil(() => gateway.app.gate.held === 1)
  await gateway.site.leave()
  assert.equal((await answered).status, 200)
  assert.deepEqual(
    gateway.upstream.seen.map(({ url }) => url),
    ['/other']
  )
})

test('who is held gets what the next mode says', async (t) => {
  const gateway = await closedSite(t)
  const statuses = async (waiting: Promise<Asked>[]): Promise<string[]> =>
    (await Promise.all(waiting)).map(({ status, reason }) => `${status} ${reason}`)

  await gateway.site.enter({ mode: 'hold' })
  const closed = await crowd(gateway, 3)
  await gateway.site.enter({ mode: 'maintenance' })
  assert.deepEqual(await statuses(closed), Array(3).fill('503 maintenance'))

  await gateway.site.enter({ mode: 'hold' })
  const [writes, reads] = [await crowd(gateway, 2), await crowd(gateway, 2, 'GET')]
  await gateway.site.enter({ mode: 'read-only' })
  assert.deepEqual(await statuses(writes), Array(2).fill('503 read-only'))
  assert.deepEqual(await statuses(reads), Array(2).fill('200 undefined'))

  await gateway.site.enter({ mode: 'hold' })
  const [kept, freed] = [await crowd(gateway, 2), await crowd(gateway, 2, 'GET')]
  await gateway.site.enter({ mode: 'hold', paths: ['/POST/*'] })
  assert.deepEqual(await statuses(freed), Array(2).fill('200 undefined'))
  assert.equal(gateway.app.gate.held, 2)
  await gateway.site.enter({ mode: 'hold', maxWait: '1ms' })
  assert.deepEqual(await statuses(kept), Array(2).fill('503 hold-timeout'))
})

test('a mode that ends by itself lets go of those who are held', async (t) => {
  const gateway = await closedSite(t)
  await gateway.site.enter({ mode: 'hold', for: '1s' })
  const [waiting] = await crowd(gateway, 1)
  assert.equal((await waiting)?.status, 200)
})

test('a gateway that stops answers those who are held, and holds nobody else', async (t) => {
  const gateway = await closedSite(t)
  await gateway.site.enter({ mode: 'hold' })
  const [waiting] = await crowd(gateway, 1)
  gateway.app.gate.giveUp()
  for (const { status, reason } of [await waiting, await gateway.ask('/')] as Asked[])
    assert.deepEqual([status, reason], [503, 'hold-timeout'])
})

test('a gateway process that is told to stop answers those who are held, and stops at once', async (t) => {
  const gateway = await startGateway(t, ['--upstream', 'http://127.0.0.1:1', '--access-log', 'off'])
  await callGateway(gateway, 'PUT', '/maintenance', { mode: 'hold' })
  const waiting = askFor(Number(new URL(gateway.url).port), '/')
  await waitUntil(async () => (await callGateway(gateway, 'GET', '/status')).held === 1)
  const startMs = performance.now()
  const stopped = gateway.stop()
  const { status, reason } = await waiting
  assert.deepEqual([status, reason], [503, 'hold-timeout'])
  assert.equal((await stopped).code, 0)
  assert.ok(performance.now() - startMs < 5000)
})

test('when many are let go the app is not given all of them at once', async (t) => {
  const gateway = await closedSite(t)
  await gateway.site.enter({ mode: 'hold' })
  const waiting: Promise<Asked>[] = []
  for (let n = 0; n < 400; n++) waiting.push(gateway.ask(`/${n}`))
  await waitUntil(() => gateway.app.gate.held === 400)
  await gateway.site.leave()
  const held: number[] = []
  while (gateway.app.gate.held > 0) {
    held.push(gateway.app.gate.held)
    await sleep(1)
  }
  assert.ok(new Set(held).size >= 4, `in the steps ${[...new Set(held)].join(', ')}`)
  for (const { status } of await Promise.all(waiting)) assert.equal(status, 200)
  assert.equal(gateway.upstream.seen.length, 400)
})
