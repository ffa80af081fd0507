/** How long a change takes to be in force on every worker of every gateway: with hints, and with the beat alone. */
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DEFAULT_TIMING } from '../../src/fleet/timing.ts'
import { callGateway } from '../helpers/gateway-status.ts'
import { ask } from '../helpers/load.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { startRedis } from '../helpers/redis.ts'
import { sized } from '../helpers/scale.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { okUpstream } from '../helpers/upstream.ts'

const GATEWAYS = 3
const FLIPS = sized(20, 200)
/** For what a busy machine adds to a beat: its members, workers and the answer. */
const BUSY_MS = 1000

/** @returns how long each flip took until all had said that it is in force, in milliseconds, the shortest first */
async function flip(t: TestContext, gateways: GatewayProcess[]): Promise<number[]> {
  const took: number[] = []
  for (let n = 0; n < FLIPS; n++) {
    // Not in step with the beats.
    await sleep(20 + Math.random() * 100)
    const gateway = gateways[n % GATEWAYS]!
    const fromMs = performance.now()
    const { wait } = (await callGateway(gateway, n % 2 === 0 ? 'PUT' : 'DELETE', '/maintenance', {})) as {
      wait: { outcome: string; applied: number }
    }
    took.push(performance.now() - fromMs)
    assert.deepEqual([wait.outcome, wait.applied], ['complete', GATEWAYS])
    const status = n % 2 === 0 ? 503 : 200
    for (const { url } of gateways) assert.equal((await ask(url, {})).status, status)
  }
  took.sort((one, other) => one - other)
  const at = (share: number): number => Math.round(took[Math.ceil(share * took.length) - 1]!)
  t.diagnostic(`${FLIPS} flips, ${GATEWAYS} gateways x 2 workers: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`)
  return took
}

for (const [how, user, rights] of [
  ['hints', 'hears', ['~*', '&*', '+@all']],
  ['the beat alone, since Pub/Sub is cut', 'deaf', ['~*', 'resetchannels', '+@all']]
] as const) {
  test(`a change on one gateway is in force on all, by ${how}`, async (t) => {
    const redis = await startRedis(t)
    if (!redis) return
    await redis.cli('ACL', 'SETUSER', user, 'on', '>secret', ...rights)
    const app = await okUpstream(t)
    const store = `redis://${user}:secret@127.0.0.1:${redis.port}`
    const args = ['--store', store, '--upstream', app.url, '--workers', '2', '--access-log', 'off']
    const gateways = await Promise.all(Array.from({ length: GATEWAYS }, () => startGateway(t, args)))
    for (const { url } of gateways) await waitUntil(async () => (await ask(url, {})).status === 200)
    // A store that has just begun is not believed to know everybody.
    await sleep(DEFAULT_TIMING.emptyStoreMs)
    const took = await flip(t, gateways)
    assert.ok(took.at(-1)! < 1.2 * DEFAULT_TIMING.beatMs + BUSY_MS, `a flip took ${took.at(-1)} ms`)
  })
}
