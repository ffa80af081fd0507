/** What is concluded from one look at the registry: complete only when everybody has said so. */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { MemberEntry, View } from '../../src/fleet/answers.ts'
import { type Assessment, assess, type Waiter } from '../../src/fleet/assess.ts'
import type { Report } from '../../src/fleet/report.ts'
import { DEFAULT_TIMING } from '../../src/fleet/timing.ts'
import { emptyState, type SharedState } from '../../src/state/shared-state.ts'

const VERSION = '0123456789abcdef:7:fedcba9876543210'
const OTHER = '0123456789abcdef:8:0000000000000000'
const NOW_MS = 1_000_000

const report = (more: Partial<Report> = {}): Report => ({
  ...{ host: 'h', software: '1', startedAt: '2030-01-01T00:00:00Z', applied: VERSION, refused: null },
  ...{ fences: false, isStopping: false, workers: 1, inFlight: 0 },
  sites: { default: { drained: true, inFlight: 0, oldestMs: null } },
  ...more
})
const entry = (id: string, more: Partial<Report> = {}, rest: Partial<MemberEntry> = {}): MemberEntry => ({
  ...{ id, report: JSON.stringify(report(more)), isBelieved: true, leaseEndMs: NOW_MS + 5000 },
  ...rest
})
const LOST = { leaseEndMs: NOW_MS - 1 }
const BUSY = { sites: { default: { drained: false, inFlight: 3, oldestMs: 700 } } }

interface Look {
  want?: 'drained' | 'applied'
  view?: Partial<View>
  waiter?: Partial<Waiter>
}

function look(members: MemberEntry[], { want = 'drained', view, waiter }: Look = {}): Assessment {
  const document = { version: VERSION, isProvisional: false, cut: '', sizeBytes: 1, body: null }
  const seen: View = { nowMs: NOW_MS, bornMs: 0, document, members, ...view }
  const query = { revision: 7, sites: ['default'], want, timeoutMs: 0, force: false }
  const state: SharedState = { ...emptyState(), revision: 7 }
  const lostForMs = (): number => 0
  return assess(seen, query, {
    ...{ id: 'self', version: VERSION, state, timing: DEFAULT_TIMING, lostForMs },
    ...waiter
  })
}

test('complete, when every member has closed and has nothing left', () => {
  const found = look([entry('self'), entry('two')])
  assert.deepEqual(
    [found.outcome, found.members, found.applied, found.drained, found.lost],
    ['complete', 2, 2, 2, []]
  )
})

for (const [what, members, options] of [
  ['a member has something left', [entry('self'), entry('two', BUSY)]],
  ['a member has an older version', [entry('self'), entry('two', { applied: OTHER })]],
  ['a member has nothing in force yet', [entry('self'), entry('two', { applied: '' })]],
  ['a member is lost, whatever it said before', [entry('self'), entry('two', {}, LOST)]],
  [
    'a member is only known by others',
    [entry('self'), entry('two', {}, { report: null, isBelieved: false })]
  ],
  [
    'a member said it while the registry had lost somebody',
    [entry('self'), entry('two', {}, { isBelieved: false })]
  ],
  ['a report is none of ours', [entry('self'), entry('two', {}, { report: '{"applied":1}' })]],
  ['the one who waits is not in the registry', [entry('two')]],
  ['nobody is in the registry', []],
  ['the registry has just begun', [entry('self')], { view: { bornMs: NOW_MS - 2999 } }],
  [
    'the store has another document by now',
    [entry('self')],
    { view: { document: { version: OTHER, isProvisional: false, cut: '', sizeBytes: 1, body: null } } }
  ],
  [
    'what is in force here is older than what is waited for',
    [entry('self', { applied: VERSION.replace(':7:', ':6:') })],
    { waiter: { version: VERSION.replace(':7:', ':6:') } }
  ]
] as [string, MemberEntry[], Look?][]) {
  test(`not proven, when ${what}`, () => assert.equal(look(members, options).outcome, 'not-proven'))
}

test('for what is only to be in force, nobody is asked what is left', () => {
  assert.equal(look([entry('self'), entry('two', BUSY)], { want: 'applied' }).outcome, 'complete')
})

test('superseded, when the site has been changed again', () => {
  const site = { revision: 8 } as SharedState['sites'][string]
  const state = { ...emptyState(), revision: 8, sites: { default: site } }
  assert.equal(look([entry('self')], { waiter: { state } }).outcome, 'superseded')
})

test('who is in the way is said: how much, how old by now, and who is lost', () => {
  const busy = entry('two', BUSY, { leaseEndMs: NOW_MS + 4000 })
  const found = look([entry('self'), busy, entry('three', {}, LOST)])
  assert.deepEqual([found.inFlight, found.oldestMs, found.lost], [3, 1700, ['three']])
  assert.equal(found.onlyLostLeft, false)
  assert.equal(look([entry('self'), entry('three', {}, LOST)]).onlyLostLeft, true)
})

test('a lost member that fences itself counts as closed a while after its lease, and no sooner', () => {
  const members = [entry('self'), entry('two', { fences: true, ...BUSY }, LOST)]
  const after = (ms: number, want: 'applied' | 'drained') =>
    look(members, { want, waiter: { lostForMs: () => ms } }).outcome
  assert.deepEqual([after(5999, 'applied'), after(6001, 'applied')], ['not-proven', 'complete'])
  // The app may go on with what it has ended then.
  assert.deepEqual([after(15_999, 'drained'), after(16_001, 'drained')], ['not-proven', 'complete'])
  const promises = [entry('self'), entry('two', BUSY, LOST)]
  assert.equal(look(promises, { waiter: { lostForMs: () => 10 ** 6 } }).outcome, 'not-proven')
})
