import assert from 'node:assert/strict'
import test from 'node:test'
import { type Claim, judge, type Verdict } from '../../src/fleet/rules.ts'

const claim = (epoch: string, revision: number, id: string, isProvisional = false): Claim => ({
  version: { epoch, revision, id },
  isProvisional
})
const OWN = claim('a', 5, 'x')

for (const [what, own, found, verdict] of [
  ['nobody knows anything', undefined, undefined, 'wait'],
  ['the store has lost everything', OWN, undefined, 'restore'],
  ['a newcomer knows nothing', undefined, OWN, 'take'],
  ['a newcomer finds what a newcomer made up', undefined, claim('b', 0, 'y', true), 'take'],
  ['nothing is new', OWN, claim('a', 5, 'x'), 'same'],
  ['somebody has made a change', OWN, claim('a', 6, 'y'), 'take'],
  ['the store has gone back to an older revision', OWN, claim('a', 4, 'w'), 'restore'],
  ['two have made the same revision, on two servers', OWN, claim('a', 5, 'y'), 'overtake'],
  ['a newcomer has made something up in an empty store', OWN, claim('b', 0, 'y', true), 'restore'],
  [
    'two have made something up, and one was first',
    claim('a', 0, 'x', true),
    claim('b', 0, 'y', true),
    'take'
  ],
  ['somebody has decided where the own one is made up', claim('a', 0, 'x', true), claim('b', 1, 'y'), 'take'],
  ['somebody has decided on an empty store, a higher revision', OWN, claim('b', 6, 'y'), 'take'],
  ['somebody has decided on an empty store, a lower revision', OWN, claim('b', 1, 'y'), 'overtake'],
  ['somebody has decided on an empty store, the same revision', OWN, claim('b', 5, 'y'), 'overtake']
] as [string, Claim | undefined, Claim | undefined, Verdict][]) {
  test(`when ${what}: ${verdict}`, () => assert.equal(judge(own, found), verdict))
}
