import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertUnharmed, inFlight, settled } from '../helpers/gateway-status.ts'
import { ask } from '../helpers/load.ts'
import { startGateway } from '../helpers/process.ts'
import { mebibytes, openFileLimit, residentMemory } from '../helpers/process-memory.ts'
import { full, sized } from '../helpers/scale.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { httpUpstream } from '../helpers/upstream.ts'

/** Opens connections that each ask for `path`, a few hundred at a time so that no queue of the kernel overflows. */
async function crowd(t: Cleanup, url: string, size: number, path: string): Promise<Socket[]> {
  const sockets: Socket[] = []
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  const { hostname, port } = new URL(url)
  for (let from = 0; from < size; from += 250) {
    await Promise.all(
      Array.from({ length: Math.min(250, size - from) }, async () => {
        const socket = connect(Number(port), hostname)
        sockets.push(socket)
        await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
        socket.on('error', () => {})
        socket.write(`GET ${path} HTTP/1.1\r\nHost: a.example\r\n\r\n`)
      })
    )
  }
  return sockets
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
    const app = await httpUpstream(
      t,
      (request, response) => {
        if (request.url === '/fast') response.end('fast')
      },
      { unix }
    )
    const gateway = await startGateway(
      t,
      ['--upstream', app.url, '--access-log', 'off', '--store', 'memory:'],
      { from: 'dist' }
    )

    const first = await crowd(t, gateway.url, waiting, '/hang')
    while ((await inFlight(gateway)) < waiting) await sleep(20)
    const fromMs = performance.now()
    const fast = await ask(gateway.url, { path: '/fast' })
    const tookMs = performance.now() - fromMs
    assert.equal(fast.body, 'fast')
    t.diagnostic(`with ${waiting} waiting, the next one was answered after ${tookMs.toFixed(1)} ms`)
    assert.ok(tookMs < 1_000, `${tookMs} ms`)

    const crowdSize = leaving - waiting
    const all = [...first, ...(await crowd(t, gateway.url, crowdSize, '/hang'))]
    while ((await inFlight(gateway)) < leaving) await sleep(20)
    const memory = residentMemory(gateway.pid)
    const leftMs = performance.now()
    for (const socket of all) socket.destroy()
    await settled(gateway, 5_000)
    // What stays may be kept for the next request, such as that of /fast.
    while (app.connections > 1 && performance.now() - leftMs < 5_000) await sleep(5)
    const goneMs = performance.now() - leftMs
    t.diagnostic(
      `${leaving} clients left; after ${Math.round(goneMs)} ms the app had ${app.connections} connections` +
        (memory ? `; resident ${mebibytes(memory.now)}` : '')
    )
    assert.ok(app.connections <= 1)
    assert.ok(goneMs < 1_000, `${goneMs} ms`)
    assert.equal((await ask(gateway.url, { path: '/fast' })).status, 200)
    assertUnharmed(gateway)
  })
}
