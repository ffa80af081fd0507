import assert from 'node:assert/strict'
import { connect } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertUnharmed, callGateway } from '../helpers/gateway-status.ts'
import { load, summary, unexpected } from '../helpers/load.ts'
import { startGateway } from '../helpers/process.ts'
import { sized } from '../helpers/scale.ts'
import { httpUpstream } from '../helpers/upstream.ts'

const ROUNDS = sized(10, 100)
const CONNECTIONS = 64
/** More of those who do not wait for their answer. */
const LEAVERS = 8

test('when a drain is over the app works on nothing and gets nothing, in every round, and nothing was cut', async (t) => {
  // The app's own log: how many requests it has begun, and how many of them it has not finished.
  const app = { begun: 0, running: 0, answered: 0, left: 0, most: 0 }
  const ids = new Map<string, number>()
  const upstream = await httpUpstream(t, async (request, response) => {
    app.begun++
    app.running++
    app.most = Math.max(app.most, app.running)
    let body = ''
    for await (const piece of request) body += String(piece)
    if (request.method === 'POST' && request.url !== '/left') ids.set(body, (ids.get(body) ?? 0) + 1)
    await sleep(Math.random() * (request.url === '/left' ? 300 : 20))
    response.end('from the app')
    app.running--
    if (request.url === '/left') app.left++
    else app.answered++
  })
  const gateway = await startGateway(t, [
    '--upstream',
    upstream.url,
    '--access-log',
    'off',
    '--abandoned-timeout',
    '1s'
  ])

  let running = true
  const leaving = Array.from({ length: LEAVERS }, async () => {
    while (running) await leave(gateway.url)
  })
  const loading = load({
    url: gateway.url,
    connections: CONNECTIONS,
    ask: (n) => (n % 2 === 0 ? { path: `/${n}` } : { method: 'POST', path: `/${n}`, body: `id ${n}` }),
    more: () => running
  })
  const waits: number[] = []
  let most = 0
  for (let round = 0; round < ROUNDS; round++) {
    await sleep(50 + Math.random() * 50)
    app.most = 0
    const fromMs = performance.now()
    const entered = await callGateway(gateway, 'PUT', '/maintenance', { wait: 'drained', reason: `${round}` })
    const atOnce = { begun: app.begun, running: app.running }
    waits.push(performance.now() - fromMs)
    most = Math.max(most, app.most)
    assert.equal((entered.wait as { outcome: string }).outcome, 'complete', `round ${round}`)
    assert.equal(atOnce.running, 0, `round ${round}: the app was still working`)
    await sleep(30)
    assert.equal(app.begun, atOnce.begun, `round ${round}: the app got a request`)
    await callGateway(gateway, 'DELETE', '/maintenance')
  }
  running = false
  const report = await loading
  await Promise.all(leaving)
  while (app.running > 0) await sleep(5)
  t.diagnostic(summary(report))
  t.diagnostic(
    `${ROUNDS} rounds; ${app.left} clients had left; up to ${most} requests were running; a drain took ${Math.round(Math.max(...waits))} ms at most`
  )
  assert.ok(most > CONNECTIONS / 4, 'there was something to drain')
  assert.equal(unexpected(report, /^(?:GET|POST) (?:200|503 maintenance)$/), 0)
  const { 'GET 200': reads = 0, 'POST 200': writes = 0 } = report.outcomes
  assert.deepEqual([app.answered, app.begun - app.left], [reads + writes, reads + writes])
  assert.ok(app.left > ROUNDS, `${app.left} had left`)
  assert.deepEqual([ids.size, Math.max(...ids.values())], [writes, 1])
  assertUnharmed(gateway)
})

/** Sends a request, and leaves at a random moment, with or without an answer. */
async function leave(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).on('error', () => {})
  socket.resume().write('POST /left HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx')
  await sleep(Math.random() * 20)
  socket.resetAndDestroy()
}
