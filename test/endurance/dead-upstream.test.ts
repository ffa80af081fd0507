import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertUnharmed } from '../helpers/gateway-status.ts'
import { ask, load, summary, unexpected } from '../helpers/load.ts'
import { startGateway } from '../helpers/process.ts'
import { mebibytes, residentMemory } from '../helpers/process-memory.ts'
import { MIB, sized } from '../helpers/scale.ts'
import { httpUpstream } from '../helpers/upstream.ts'

const DEAD_FOR_MS = sized(5_000, 60_000)
const CONNECTIONS = 64
/** The small size shares the machine with other tests. */
const GOOD_WITHIN_MS = sized(1_000, 300)
/** Memory is compared from here on: by then the heap has the size that such a load gives it. */
const WARM_AFTER_MS = DEAD_FOR_MS / 3
const GROWTH_LIMIT_BYTES = 40 * MIB

for (const unix of [false, true]) {
  const where = unix ? 'on a unix socket' : 'over TCP'
  test(`an app that is gone for long costs no memory, holds nobody up, and is used again at once, ${where}`, async (t) => {
    const app = await httpUpstream(t, (_request, response) => response.end('back'), { unix })
    const gateway = await startGateway(t, [
      '--upstream',
      app.url,
      '--access-log',
      'off',
      '--log-level',
      'error',
      '--store',
      'memory:'
    ])
    assert.equal((await ask(gateway.url, {})).status, 200)
    await app.stop()

    let backMs = Number.POSITIVE_INFINITY
    let goodMs = Number.POSITIVE_INFINITY
    let goodAnswers = 0
    let lateBad = 0
    const running = load({
      url: gateway.url,
      connections: CONNECTIONS,
      ask: (n) => (n % 4 === 3 ? { method: 'POST', body: 'x' } : {}),
      more: () => goodAnswers < 1_000,
      onAnswer({ status }) {
        const now = performance.now()
        if (status === 200) {
          goodMs = Math.min(goodMs, now)
          goodAnswers++
        } else if (now > backMs + 1_000) lateBad++
      }
    })
    await sleep(WARM_AFTER_MS)
    const warm = residentMemory(gateway.pid)
    await sleep(DEAD_FOR_MS - WARM_AFTER_MS)
    const dead = residentMemory(gateway.pid)
    await app.start()
    backMs = performance.now()
    const report = await running

    t.diagnostic(`${where}: ${summary(report)}`)
    t.diagnostic(`first good answer ${(goodMs - backMs).toFixed(1)} ms after the return`)
    if (warm && dead) t.diagnostic(`resident ${mebibytes(warm.now)}, then ${mebibytes(dead.now)}`)
    assert.equal(unexpected(report, /^(GET|POST) (200|502 upstream-unreachable)$/), 0, summary(report))
    assert.ok(goodMs - backMs < GOOD_WITHIN_MS, `${goodMs - backMs} ms`)
    assert.equal(lateBad, 0, 'a 502 came a second after the return')
    assert.ok(report.longestMs < 3_000, `${report.longestMs} ms`)
    if (warm && dead)
      assert.ok(dead.now - warm.now < GROWTH_LIMIT_BYTES, `grew by ${mebibytes(dead.now - warm.now)}`)
    assertUnharmed(gateway)
  })
}
