import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertUnharmed, callGateway } from '../helpers/gateway-status.ts'
import { ask, load, summary, unexpected } from '../helpers/load.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { openFileLimit, residentMemory } from '../helpers/process-memory.ts'
import { full, sized } from '../helpers/scale.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { okUpstream } from '../helpers/upstream.ts'
import { restartingApp } from './restarting-app.ts'

const CONNECTIONS = 64
const DOWN_MS = 3000
const RESTARTS = sized(1, 5)

const held = async (gateway: GatewayProcess): Promise<number> =>
  Number((await callGateway(gateway, 'GET', '/status')).held)

for (const operated of [true, false]) {
  const how = operated ? 'with hold' : 'with --hold-on-refused and no operator'
  test(`an app that restarts under load fails no request and gets none twice, ${how}`, async (t) => {
    const app = await restartingApp(t, sleep)
    const flags = operated ? [] : ['--hold-on-refused', '10s']
    const args = ['--upstream', app.url, '--access-log', 'off', ...flags]
    const gateway = await startGateway(t, args)
    let running = true
    let most = 0
    const loading = load({
      url: gateway.url,
      connections: CONNECTIONS,
      ask: (n) => (n % 2 === 0 ? { path: `/${n}` } : { method: 'POST', path: `/${n}`, body: `id ${n}` }),
      more: () => running
    })
    for (let n = 0; n < RESTARTS; n++) {
      await sleep(500)
      if (operated) await callGateway(gateway, 'PUT', '/maintenance', { mode: 'hold', wait: 'drained' })
      const restarting = app.restart(DOWN_MS)
      await sleep(DOWN_MS / 2)
      most = Math.max(most, await held(gateway))
      await restarting
      if (operated) await callGateway(gateway, 'DELETE', '/maintenance')
    }
    await sleep(500)
    running = false
    const report = await loading
    t.diagnostic(`${summary(report)}; up to ${most} were held`)
    assert.equal(most, CONNECTIONS)
    assert.equal(unexpected(report, /^(?:GET|POST) 200$/), 0, summary(report))
    assert.ok(report.longestMs < DOWN_MS + 5000, `${report.longestMs} ms`)
    const posts = app.posts()
    assert.deepEqual([posts.size, Math.max(...posts.values())], [report.outcomes['POST 200'], 1], 'each once')
    assertUnharmed(gateway)
  })
}

/** Adds clients whose requests are held, and waits until all of them are. */
async function crowd(gateway: GatewayProcess, sockets: Socket[], size: number): Promise<void> {
  const { hostname, port } = new URL(gateway.url)
  while (sockets.length < size) {
    const some = Array.from({ length: Math.min(250, size - sockets.length) }, async () => {
      const socket = connect(Number(port), hostname)
      sockets.push(socket)
      await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
      socket.on('error', () => {})
      socket.write(
        `POST / HTTP/1.1\r\nHost: a.example\r\nCookie: session=abcdef\r\nContent-Length: 4\r\n\r\nbody`
      )
    })
    await Promise.all(some)
    await waitUntil(async () => (await held(gateway)) === sockets.length)
  }
}

test('a held request costs little, one too many is refused at once, and who leaves is gone from the count', async (t) => {
  const limit = sized(1_500, 5_000)
  const leaving = 1_000
  if (openFileLimit() < limit + 300) {
    if (full) throw new Error(`ulimit -n is ${openFileLimit()}; the full size needs ${limit + 300}`)
    t.skip(`ulimit -n is ${openFileLimit()}`)
    return
  }
  const app = await okUpstream(t)
  const args = ['--upstream', app.url, '--access-log', 'off', '--hold-limit', String(limit)]
  const gateway = await startGateway(t, args)
  const sockets: Socket[] = []
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  await callGateway(gateway, 'PUT', '/maintenance', { mode: 'hold', maxWait: '10m' })
  // What is made once is made now.
  await crowd(gateway, sockets, 300)
  const before = residentMemory(gateway.pid)
  await crowd(gateway, sockets, limit)
  const after = residentMemory(gateway.pid)
  if (before && after) {
    const each = (after.now - before.now) / (limit - 300)
    t.diagnostic(`${limit} held: ${(each / 1024).toFixed(1)} KiB each, resident`)
    assert.ok(each < 40 * 1024, `${each} bytes each`)
  }
  const startMs = performance.now()
  const answer = await ask(gateway.url, { method: 'POST', body: 'x' })
  assert.deepEqual([answer.status, answer.reason], [503, 'hold-full'])
  t.diagnostic(`one too many was answered after ${(performance.now() - startMs).toFixed(1)} ms`)

  for (const socket of sockets.splice(0, leaving)) socket.destroy()
  const leftMs = performance.now()
  while ((await held(gateway)) !== limit - leaving) {
    assert.ok(performance.now() - leftMs < 1_000, 'they are still counted after a second')
    await sleep(10)
  }
  t.diagnostic(
    `${leaving} that left were gone from the count after ${Math.round(performance.now() - leftMs)} ms`
  )

  assert.equal(app.seen.length, 0)
  const statuses = new Map<string, number>()
  let answered = 0
  for (const socket of sockets) {
    socket.once('data', (bytes) => {
      const status = bytes.toString('latin1', 9, 12)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      answered++
    })
  }
  const releasedMs = performance.now()
  await callGateway(gateway, 'DELETE', '/maintenance')
  while (answered < sockets.length && performance.now() - releasedMs < 30_000) await sleep(10)
  t.diagnostic(`the others were answered within ${Math.round(performance.now() - releasedMs)} ms`)
  assert.deepEqual([...statuses], [['200', limit - leaving]])
  assert.deepEqual([app.seen.length, await held(gateway)], [limit - leaving, 0])
  assertUnharmed(gateway)
})
