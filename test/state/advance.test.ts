import assert from 'node:assert/strict'
import test from 'node:test'
import { advance, nextDueMs, recoveringSites } from '../../src/state/advance.ts'
import { addWindow, type WindowRequest } from '../../src/state/schedule.ts'
import { emptyState, type SharedState } from '../../src/state/shared-state.ts'
import { enterSites, leaveSites } from '../../src/state/transitions.ts'
import { documentIn } from '../helpers/store-contract.ts'

const NOW = Date.UTC(2030, 0, 1, 9)
const HOUR = 3_600_000
const SITES = ['shop', 'blog']
const at = (hours: number): string => new Date(NOW + hours * HOUR).toISOString()

const plan = (state: SharedState, id: string, request: WindowRequest): SharedState =>
  addWindow(state, id, request, NOW).step?.state ?? state
const enter = (state: SharedState, sites: string[], request: object, nowMs = NOW): SharedState =>
  enterSites(state, sites, request, nowMs)?.state ?? state
const leave = (state: SharedState, sites: string[], nowMs: number): SharedState =>
  leaveSites(state, sites, SITES, {}, nowMs)?.state ?? state
const modes = (state: SharedState): string[] => SITES.map((site) => documentIn(state, site).mode)

/** What time makes of a state, and the changes that it made. */
function pass(state: SharedState, hours: number, healthy?: string): { state: SharedState; made: string[] } {
  const nowMs = NOW + hours * HOUR
  const made: string[] = []
  let now = state
  for (;;) {
    const step = advance(now, SITES, nowMs, healthy)
    if (step === null) return { state: now, made }
    assert.equal(step.state.revision, now.revision + 1)
    assert.equal(step.change.revision, step.state.revision)
    made.push(`${step.change.action} ${step.change.sites.join()}`)
    now = step.state
  }
}

test('a window begins at its time and ends at its time, on every site in one change each', () => {
  const planned = plan(emptyState(), 'w1', {
    from: at(1),
    until: at(3),
    message: 'Moving',
    reason: 'disk',
    by: 'ann'
  })
  assert.deepEqual(pass(planned, 0.99).made, [])
  const { state: begun, made } = pass(planned, 1)
  assert.deepEqual(made, ['window-begin shop,blog'])
  const { mode, by, message, reason, since, until, revision } = documentIn(begun, 'blog')
  assert.deepEqual([mode, by, message, reason], ['maintenance', 'window w1', 'Moving', 'disk'])
  assert.deepEqual([since, until, revision], [at(1), at(3), begun.revision])
  assert.deepEqual(pass(begun, 2.99).made, [])
  const { state: over, made: end } = pass(begun, 3)
  assert.deepEqual(end, ['expire shop,blog'])
  assert.deepEqual([modes(over), over.windows, documentIn(over, 'shop').by], [['live', 'live'], [], 'expiry'])
})

test('a window that began while nobody looked has begun; one that is over has not', () => {
  const planned = plan(emptyState(), 'w1', { from: at(1), until: at(3), site: 'shop' })
  assert.deepEqual(modes(pass(planned, 2.5).state), ['maintenance', 'live'])
  assert.deepEqual(pass(planned, 3).made, [])
  assert.deepEqual(pass(pass(planned, 1.5).state, 100).made, ['expire shop'])
})

test('a window that follows another one, or a mode that is over, takes over without a moment of live', () => {
  let state = plan(emptyState(), 'w1', { from: at(1), until: at(2), site: 'shop' })
  state = plan(state, 'w2', { from: at(2), until: at(3), site: 'shop', mode: 'read-only' })
  const first = pass(state, 1).state
  assert.deepEqual(pass(first, 2).made, ['window-begin shop'])
  assert.deepEqual(modes(pass(first, 2.5).state), ['read-only', 'live'])
  const entered = enter(plan(emptyState(), 'w', { from: at(1), until: at(3) }), ['shop'], { for: '1h' })
  const { state: taken, made } = pass(entered, 1)
  assert.deepEqual(made, ['window-begin shop,blog'])
  assert.equal(documentIn(taken, 'shop').since, at(0), 'the mode is the same as before')
})

test('a window waits for a mode that somebody entered, and begins for the rest of its time', () => {
  const state = enter(plan(emptyState(), 'w1', { from: at(1), until: at(4) }), ['shop'], { until: at(2) })
  const { state: waiting, made } = pass(state, 1)
  assert.deepEqual(made, ['window-begin blog'])
  const later = pass(waiting, 2)
  assert.deepEqual(later.made, ['window-begin shop'])
  assert.deepEqual(
    [documentIn(later.state, 'shop').until, documentIn(later.state, 'shop').by],
    [at(4), 'window w1']
  )
  const open = enter(plan(emptyState(), 'w1', { from: at(1), until: at(4) }), ['shop'], {})
  assert.deepEqual(pass(pass(open, 1).state, 4).made, ['expire blog'])
})

test('who leaves during a window ends it for that site alone, and for good', () => {
  const begun = pass(plan(emptyState(), 'w1', { from: at(1), until: at(4) }), 1).state
  const left = leave(begun, ['shop'], NOW + 2 * HOUR)
  assert.deepEqual([modes(left), left.windows[0]?.leftSites], [['live', 'maintenance'], ['shop']])
  assert.deepEqual(pass(left, 2).made, [])
  assert.deepEqual(leave(left, ['blog'], NOW + 2 * HOUR).windows, [])
  assert.deepEqual(leave(begun, SITES, NOW + 2 * HOUR).windows, [])
  const coming = plan(emptyState(), 'w1', { from: at(1), until: at(4) })
  const early = leave(enter(coming, ['shop'], {}), ['shop'], NOW)
  assert.deepEqual(early.windows, coming.windows, 'one that has not begun is not meant')
})

test('who leaves, with a clock that is behind, a window that another process has begun ends it for good', () => {
  const begun = pass(plan(emptyState(), 'w1', { from: at(1), until: at(4) }), 1).state
  const left = leave(begun, ['shop'], NOW + HOUR - 2000)
  assert.deepEqual([modes(left), left.windows[0]?.leftSites], [['live', 'maintenance'], ['shop']])
  assert.deepEqual(pass(left, 1).made, [])
})

test('who leaves while a window waits ends it too', () => {
  const waiting = pass(enter(plan(emptyState(), 'w1', { from: at(1), until: at(4) }), SITES, {}), 2).state
  const left = leave(waiting, SITES, NOW + 2 * HOUR)
  assert.deepEqual([modes(left), left.windows, pass(left, 3).made], [['live', 'live'], [], []])
})

test('a mode that stays is overdue; one that waits for health ends when its site is healthy', () => {
  let state = enter(emptyState(), ['shop'], { until: at(1), onExpiry: 'leave-if-healthy' })
  state = enter(state, ['blog'], { until: at(1), onExpiry: 'stay' })
  assert.deepEqual(recoveringSites(state, SITES, NOW + HOUR - 1), [])
  assert.deepEqual(pass(state, 0.5, 'shop').made, [], 'healthy, but it is not over')
  assert.deepEqual(recoveringSites(state, SITES, NOW + HOUR), ['shop'])
  assert.deepEqual(pass(state, 2).made, [])
  assert.deepEqual(pass(state, 2, 'blog').made, [])
  assert.deepEqual(pass(state, 2, 'shop').made, ['expire shop'])
})

test('a window takes over from a mode that waited for health, at the moment of health', () => {
  const state = enter(emptyState(), ['shop'], { until: at(1), onExpiry: 'leave-if-healthy' })
  const planned = plan(state, 'w1', { from: at(2), until: at(3), site: 'shop', mode: 'hold' })
  assert.deepEqual(pass(planned, 2).made, [])
  assert.deepEqual(pass(planned, 2, 'shop').made, ['window-begin shop'])
})

test('a clock that is set back ends no window that has begun', () => {
  const begun = pass(plan(emptyState(), 'w1', { from: at(1), until: at(4) }), 1).state
  assert.deepEqual(pass(begun, 0).made, [])
  assert.deepEqual(modes(pass(begun, 4).state), ['live', 'live'])
})

test('knows when something is due next', () => {
  const due = (state: SharedState, hours = 0): number | undefined => {
    const ms = nextDueMs(state, SITES, NOW + hours * HOUR)
    return ms && (ms - NOW) / HOUR
  }
  assert.equal(due(emptyState()), undefined)
  const planned = plan(emptyState(), 'w1', { from: at(1), until: at(3) })
  assert.equal(due(planned), 1)
  assert.equal(due(planned, 2), 2, 'it is late')
  assert.equal(due(pass(planned, 2).state, 2), 3)
  const entered = enter(planned, ['shop'], { until: at(0.5), onExpiry: 'leave-if-healthy' })
  assert.equal(due(entered), 0.5)
  assert.equal(due(entered, 0.75), 1)
})

// Times have a zone, so a night in which clocks are changed is like any other. Each row: what was said, how long it is.
const nights: [string, from: string, until: string, hours: number][] = [
  ['Berlin, the hour that is missing', '2026-03-29T01:30+01:00', '2026-03-29T03:30+02:00', 1],
  ['Berlin, the hour that comes twice', '2026-10-25T02:30+02:00', '2026-10-25T02:30+01:00', 1],
  ['Berlin, all of that night', '2026-10-25T00:00+02:00', '2026-10-25T06:00+01:00', 7],
  ['New York, the hour that is missing', '2026-03-08T01:30-05:00', '2026-03-08T03:30-04:00', 1],
  ['New York, the hour that comes twice', '2026-11-01T01:30-04:00', '2026-11-01T01:30-05:00', 1]
]
for (const [what, from, until, hours] of nights) {
  test(`a window in the night when clocks change is as long as it says: ${what}`, () => {
    const addedMs = Date.parse(from) - 24 * HOUR
    const begins = Date.parse(from)
    for (const end of [{ until }, { for: `${hours}h` }]) {
      const { step } = addWindow(emptyState(), 'w1', { from, ...end }, addedMs)
      assert.ok(step)
      const modeAt = (ms: number): string => {
        let state = step.state
        for (let due = advance(state, SITES, begins); due; due = advance(state, SITES, begins))
          state = due.state
        for (let due = advance(state, SITES, ms); due; due = advance(state, SITES, ms)) state = due.state
        return documentIn(state, 'shop').mode
      }
      assert.equal(advance(step.state, SITES, begins - 1), null)
      assert.equal(modeAt(begins), 'maintenance')
      assert.equal(modeAt(begins + hours * HOUR - 1), 'maintenance')
      assert.equal(modeAt(begins + hours * HOUR), 'live')
    }
  })
}

test('a `for` that spans the night when clocks change counts real hours', () => {
  const nowMs = Date.parse('2026-03-29T00:30+01:00')
  const entered = enter(emptyState(), ['shop'], { for: '2h' }, nowMs)
  assert.equal(documentIn(entered, 'shop').until, new Date('2026-03-29T03:30+02:00').toISOString())
})
