/**
 * Whatever becomes of gateways, of Redis and of the network between them: when a wait was answered complete, no gateway
 * had a request at the app or let one through, until somebody asked for another mode. The app's own log decides.
 *
 * `INTERMISSION_TEST_CHAOS_SEED=…` repeats the actions of a run, `INTERMISSION_TEST_CHAOS_SECONDS=…` says how long it takes.
 * What docs/fleet.md names as limits is left out: when Redis loses its data, one gateway that knows the fleet is there and
 * stays there; who has left properly and comes back waits for Redis (`--cold-start hold`); who was forgotten has lost its
 * state folder.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { sized } from '../helpers/scale.ts'
import { runChaos } from './chaos-run.ts'

const { INTERMISSION_TEST_CHAOS_SEED, INTERMISSION_TEST_CHAOS_SECONDS } = process.env
const seed = Number(INTERMISSION_TEST_CHAOS_SEED ?? Math.floor(Math.random() * 2 ** 31))
const durationMs = Number(INTERMISSION_TEST_CHAOS_SECONDS ?? sized(20, 600)) * 1000

test(`no gateway lets anybody through after a wait was complete, whatever happens (seed ${seed})`, async (t) => {
  const report = await runChaos(t, { seed, durationMs })
  if (report === undefined) return
  t.diagnostic(report.summary)
  const tail = report.log.slice(-150).join('\n')
  const again = `INTERMISSION_TEST_CHAOS_SEED=${seed} INTERMISSION_TEST_CHAOS_SECONDS=${durationMs / 1000} repeats it`
  assert.deepEqual(report.violations, [], `${again}\n${tail}`)
  assert.ok(report.isHealed, `the fleet did not come to rest afterwards; ${again}\n${tail}`)
  assert.ok(
    report.complete > 0 && report.requests > durationMs / 200,
    `too little happened; ${again}\n${tail}`
  )
})
