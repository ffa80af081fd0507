import assert from 'node:assert/strict'
import test from 'node:test'
import { InputError } from '../../src/errors.ts'
import { advance } from '../../src/state/advance.ts'
import { addWindow, nextWindow, removeWindow, type WindowRequest } from '../../src/state/schedule.ts'
import { emptyState, type SharedState } from '../../src/state/shared-state.ts'
import { enterSites, leaveSites } from '../../src/state/transitions.ts'
import { documentIn } from '../helpers/store-contract.ts'

const NOW = Date.UTC(2030, 0, 1, 9)
const HOUR = 3_600_000
const SITES = ['shop', 'blog']
const at = (hours: number): string => new Date(NOW + hours * HOUR).toISOString()

function plan(state: SharedState, id: string, request: WindowRequest, nowMs = NOW): SharedState {
  return addWindow(state, id, request, nowMs).step?.state ?? state
}

/** What time makes of a state. */
function pass(state: SharedState, nowMs: number, healthy?: string): SharedState {
  let now = state
  for (let step = advance(now, SITES, nowMs, healthy); step; step = advance(now, SITES, nowMs, healthy))
    now = step.state
  return now
}

const modes = (state: SharedState): string[] => SITES.map((site) => documentIn(state, site).mode)

test('a window keeps all that was said, times in UTC', () => {
  const request: WindowRequest = {
    ...{ from: '2030-01-02T01:00+02:00', for: '90m', site: 'shop', mode: 'hold', maxWait: '5s' },
    ...{ message: 'Moving', reason: 'disk', by: 'ann', onExpiry: 'stay', retryAfter: '5m' },
    ...{ paths: ['/a/*'], exceptPaths: ['/a/b'] }
  }
  const { step, window } = addWindow(emptyState(), 'w1', request, NOW)
  assert.deepEqual(step?.state.windows, [window])
  assert.deepEqual(window, {
    ...{ id: 'w1', site: 'shop', mode: 'hold', from: '2030-01-01T23:00:00.000Z' },
    ...{ until: '2030-01-02T00:30:00.000Z', message: 'Moving', reason: 'disk', by: 'ann' },
    ...{ onExpiry: 'stay', retryAfterSeconds: 300, paths: ['/a/*'], exceptPaths: ['/a/b'] },
    ...{ maxWaitMs: 5000, addedAt: at(0), leftSites: [] }
  })
  assert.deepEqual([step?.state.revision, step?.change.revision, step?.change.subject], [1, 1, 'w1'])
})

const refused: [field: string, request: object][] = [
  ['from', {}],
  ['from', { from: '2030-01-02' }],
  ['from', { from: '2030-01-02T09:00', for: '1h' }],
  ['from', { from: NOW + HOUR, for: '1h' }],
  ['from', { from: new Date(Number.NaN), for: '1h' }],
  ['from', { from: new Date(NOW - 60_001), for: '1h' }],
  ['from', { from: new Date(NOW + 367 * 24 * HOUR), for: '1h' }],
  ['until', { from: at(1) }],
  ['until', { from: at(1), until: '2030-01-02T09:00' }],
  ['until', { from: at(1), until: at(1) }],
  ['until', { from: at(2), until: at(1) }],
  ['until', { from: at(1), until: at(2), for: '1h' }],
  ['until', { from: new Date(NOW - 30_000), until: new Date(NOW) }],
  ['for', { from: at(1), for: '0s' }],
  ['mode', { from: at(1), for: '1h', mode: 'live' }],
  ['wait', { from: at(1), for: '1h', wait: 'drained' }]
]
for (const [field, request] of refused) {
  test(`a window ${JSON.stringify(request)} is refused, and ${field} is named`, () => {
    assert.throws(
      () => addWindow(emptyState(), 'w1', request as WindowRequest, NOW),
      (error) => error instanceof InputError && error.field === field
    )
  })
}

test('a window may begin a moment ago, for the clock of whoever asks', () => {
  const state = plan(emptyState(), 'w1', { from: new Date(NOW - 30_000), for: '1h' })
  assert.deepEqual(modes(pass(state, NOW)), ['maintenance', 'maintenance'])
})

test('windows of one site do not overlap, and the error names the other one', () => {
  const state = plan(emptyState(), 'w1', { from: at(2), until: at(4), site: 'shop' })
  const overlapping: WindowRequest[] = [
    { from: at(2), until: at(4), site: 'shop', message: 'another' },
    { from: at(1), until: at(5), site: 'shop' },
    { from: at(3), until: at(5), site: 'shop' },
    { from: at(1), until: at(3) }
  ]
  for (const request of overlapping) {
    assert.throws(() => addWindow(state, 'w2', request, NOW), {
      field: 'from',
      message: /a time outside window w1, 2030-01-01T11:00:00\.000Z to 2030-01-01T13:00:00\.000Z/
    })
  }
  const fine: WindowRequest[] = [
    { from: at(1), until: at(2), site: 'shop' },
    { from: at(4), until: at(5) },
    { from: at(2), until: at(4), site: 'blog' }
  ]
  for (const request of fine) assert.equal(plan(state, 'w2', request).windows.length, 2)
  const all = plan(emptyState(), 'w1', { from: at(2), until: at(4) })
  assert.throws(() => addWindow(all, 'w2', { from: at(3), for: '1m', site: 'blog' }, NOW), /window w1/)
})

test('a window that is over, or that an operator has ended, is in nobody’s way', () => {
  const state = plan(emptyState(), 'w1', { from: at(1), until: at(2) })
  const over = plan(state, 'w2', { from: at(2), for: '1h' }, NOW + 2 * HOUR)
  assert.deepEqual(
    over.windows.map(({ id }) => id),
    ['w2']
  )
  const begun = pass(state, NOW + HOUR)
  const left = leaveSites(begun, ['shop'], SITES, {}, NOW + HOUR)?.state ?? begun
  assert.equal(plan(left, 'w2', { from: at(1.5), for: '1h', site: 'shop' }, NOW + HOUR).windows.length, 2)
  assert.throws(() => plan(left, 'w2', { from: at(1.5), for: '1h', site: 'blog' }, NOW + HOUR), /window w1/)
})

test('a repeat that says the same plans nothing twice', () => {
  const request: WindowRequest = { from: at(1), for: '1h', message: 'Moving', by: 'ann' }
  const { step, window } = addWindow(plan(emptyState(), 'w1', request), 'w2', request, NOW + 1000)
  assert.equal(step, null)
  assert.equal(window.id, 'w1')
})

test('there are at most 100 windows, and a stale revision is refused', () => {
  let state = emptyState()
  for (let n = 0; n < 100; n++) state = plan(state, `w${n}`, { from: at(n + 1), for: '1h' })
  assert.throws(() => addWindow(state, 'w', { from: at(200), for: '1h' }, NOW), /at most 100 windows/)
  const stale = { from: at(200), for: '1h', ifRevision: 99 }
  assert.throws(() => addWindow(state, 'w', stale, NOW), { code: 'ERR_STATE_CONFLICT' })
  assert.throws(() => removeWindow(state, 'w7', { ifRevision: 99 }, NOW), { code: 'ERR_STATE_CONFLICT' })
  assert.equal(removeWindow(state, 'w7', { ifRevision: 100 }, NOW).step.state.windows.length, 99)
})

test('the next window is the first that begins later on that site', () => {
  let state = plan(emptyState(), 'w1', { from: at(5), for: '1h' })
  state = plan(state, 'w2', { from: at(3), for: '1h', site: 'blog' })
  assert.equal(nextWindow(state, 'shop', NOW)?.id, 'w1')
  assert.equal(nextWindow(state, 'blog', NOW)?.id, 'w2')
  assert.equal(nextWindow(state, 'blog', NOW + 3 * HOUR)?.id, 'w1')
  assert.equal(nextWindow(state, 'shop', NOW + 5 * HOUR), null)
})

test('removing a window takes it out of the plan; a running one ends on the sites that it holds', () => {
  let state = plan(emptyState(), 'w1', { from: at(1), until: at(3), message: 'Moving' })
  assert.deepEqual(modes(pass(removeWindow(state, 'w1', {}, NOW).step.state, NOW + 2 * HOUR)), [
    'live',
    'live'
  ])

  state = pass(state, NOW + HOUR)
  state = enterSites(state, ['blog'], { message: 'by hand' }, NOW + HOUR)?.state ?? state
  const { step, window } = removeWindow(state, 'w1', { by: 'ann', reason: 'called off' }, NOW + HOUR)
  assert.deepEqual(modes(step.state), ['live', 'maintenance'])
  assert.equal(documentIn(step.state, 'blog').message, 'by hand')
  assert.equal(window.id, 'w1')
  const { action, by, reason, sites, subject } = step.change
  assert.deepEqual(
    [action, by, reason, sites, subject],
    ['window-remove', 'ann', 'called off', ['shop'], 'w1']
  )
  assert.throws(() => removeWindow(step.state, 'w1', {}, NOW + HOUR), { code: 'ERR_NOT_FOUND' })
})
