import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertUnharmed, inFlight, settled } from '../helpers/gateway-status.ts'
import { ask } from '../helpers/load.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { mebibytes, openFileLimit, processorTimeMs, residentMemory } from '../helpers/process-memory.ts'
import { full, judgesTimes, sized } from '../helpers/scale.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { tcpUpstream } from '../helpers/upstream.ts'

/** Fewer than fit in the queue of connections that an app has not accepted yet: a unix socket refuses what is over. */
const AT_A_TIME = 250
const FAST_ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfast'
/** The small size shares the machine with other tests. */
const WITHIN_MS = sized(3_000, 1_000)

/** Adds clients that each ask for `path` until there are so many, and waits until all of them wait for the app. */
async function crowd(gateway: GatewayProcess, sockets: Socket[], size: number, path: string): Promise<void> {
  const { hostname, port } = new URL(gateway.url)
  while (sockets.length < size) {
    await Promise.all(
      Array.from({ length: Math.min(AT_A_TIME, size - sockets.length) }, async () => {
        const socket = connect(Number(port), hostname)
        sockets.push(socket)
        await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
        socket.on('error', () => {})
        socket.write(`GET ${path} HTTP/1.1\r\nHost: a.example\r\n\r\n`)
      })
    )
    await waitUntil(async () => (await inFlight(gateway)) === sockets.length)
  }
}

for (const unix of [false, true]) {
  const where = unix ? 'a unix socket' : 'TCP'
  test(`waiting requests hold nobody up, and clients that leave leave nothing behind, over ${where}`, async (t) => {
    const waiting = sized(500, 2_000)
    const leaving = sized(1_000, 5_000)
    // Each client costs the gateway two connections, and this process, which is client and app, two as well.
    if (openFileLimit() < 2 * leaving + 200) {
      if (full) throw new Error(`ulimit -n is ${openFileLimit()}; the full size needs ${2 * leaving + 200}`)
      t.skip(`ulimit -n is ${openFileLimit()}`)
      return
    }
    // It has half of the machine on which the gateway is measured: a server of HTTP would take more than its share.
    const app = await tcpUpstream(
      t,
      (socket) => socket.on('data', (head) => head.includes('GET /fast ') && socket.write(FAST_ANSWER)),
      { unix }
    )
    const gateway = await startGateway(t, [
      '--upstream',
      app.url,
      '--access-log',
      'off',
      '--store',
      'memory:'
    ])

    const sockets: Socket[] = []
    t.after(() => {
      for (const socket of sockets) socket.destroy()
    })
    await crowd(gateway, sockets, waiting, '/hang')
    const fromMs = performance.now()
    const fast = await ask(gateway.url, { path: '/fast' })
    const tookMs = performance.now() - fromMs
    assert.equal(fast.body, 'fast')
    t.diagnostic(`with ${waiting} waiting, the next one was answered after ${tookMs.toFixed(1)} ms`)
    assert.ok(tookMs < WITHIN_MS, `${tookMs} ms`)

    await crowd(gateway, sockets, leaving, '/hang')
    const memory = residentMemory(gateway.pid)
    const usedMs = processorTimeMs(gateway.pid) ?? 0
    const leftMs = performance.now()
    for (const socket of sockets) socket.destroy()
    // What stays may be kept for the next request, such as that of /fast.
    while (app.connections > 1 && performance.now() - leftMs < 5_000) await sleep(5)
    await settled(gateway, 5_000)
    const goneMs = performance.now() - leftMs
    const processorMs = (processorTimeMs(gateway.pid) ?? 0) - usedMs
    t.diagnostic(
      `${leaving} clients left; after ${Math.round(goneMs)} ms the app had ${app.connections} connections` +
        (memory
          ? `; ${processorMs} ms of the gateway's processor time, resident ${mebibytes(memory.now)}`
          : '')
    )
    assert.ok(app.connections <= 1)
    assert.ok(processorMs < WITHIN_MS, `${processorMs} ms`)
    if (judgesTimes(t)) assert.ok(goneMs < WITHIN_MS, `${goneMs} ms`)
    assert.equal((await ask(gateway.url, { path: '/fast' })).status, 200)
    assertUnharmed(gateway)
  })
}
