import assert from 'node:assert/strict'
import test from 'node:test'
import { sized } from '../helpers/scale.ts'
import { soak } from '../soak/soak.ts'

test('under mixed traffic, restarts of the app and changes of the mode nothing is wrong and nothing grows', async (t) => {
  const { problems, tally, events } = await soak(t, {
    minutes: sized(1, 5),
    moments: sized(2, 6),
    say: (line) => t.diagnostic(line)
  })
  assert.deepEqual(problems, [])
  assert.ok(tally.visits > 500, `${tally.visits} visits`)
  assert.ok(Object.keys(events).length >= 6, Object.keys(events).join())
})
