import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { InputError } from '../../src/errors.ts'
import { initialDocument, type StateDocument } from '../../src/state/document.ts'
import type { EnterRequest, LeaveRequest } from '../../src/state/request.ts'
import { emptyState, type SharedState } from '../../src/state/shared-state.ts'
import { enterSites, isExpired, leaveSites, retryAfterSeconds } from '../../src/state/transitions.ts'
import { documentIn } from '../helpers/store-contract.ts'

const NOW = Date.UTC(2030, 0, 1, 9)
const DAY = 86_400_000
const live = initialDocument('default')
const enter = (request: object): StateDocument => enterMaintenance(live, request, NOW)

function stateOf(document: StateDocument): SharedState {
  return { ...emptyState(), revision: document.revision, sites: { default: document } }
}

function enterMaintenance(current: StateDocument, request: EnterRequest, nowMs: number): StateDocument {
  const step = enterSites(stateOf(current), ['default'], request, nowMs)
  return step === null ? current : documentIn(step.state)
}

function leaveMaintenance(current: StateDocument, request: LeaveRequest, nowMs: number): StateDocument {
  const step = leaveSites(stateOf(current), ['default'], ['default'], request, nowMs)
  return step === null ? current : documentIn(step.state)
}

test('entering keeps all that was said, times in UTC', () => {
  assert.deepEqual(
    enter({
      message: 'Back\nsoon',
      reason: 'disk',
      by: 'ann',
      for: '30m',
      onExpiry: 'stay',
      retryAfter: '1500ms'
    }),
    {
      site: 'default',
      mode: 'maintenance',
      revision: 1,
      since: '2030-01-01T09:00:00.000Z',
      by: 'ann',
      message: 'Back\nsoon',
      reason: 'disk',
      until: '2030-01-01T09:30:00.000Z',
      onExpiry: 'stay',
      retryAfterSeconds: 2,
      paths: [],
      exceptPaths: [],
      maxWaitMs: null
    }
  )
  assert.equal(enter({ until: '2030-01-01T12:00+02:00' }).until, '2030-01-01T10:00:00.000Z')
  assert.equal(enter({ until: new Date(NOW + 1000) }).until, '2030-01-01T09:00:01.000Z')
  assert.equal(enter({ mode: 'maintenance', message: null, until: null }).message, null)
  assert.equal(enter({ message: 'x'.repeat(2000) }).message?.length, 2000)
})

const refused: [field: string, request: object][] = [
  ['mode', { mode: 'live' }],
  ['mode', { mode: 'off' }],
  ['message', { message: 'x'.repeat(2001) }],
  ['message', { message: 'a\rb' }],
  ['message', { message: 'a\tb' }],
  ['message', { message: 'a\u0000b' }],
  ['message', { message: 'a\u0085b' }],
  ['message', { message: 5 }],
  ['reason', { reason: ['disk'] }],
  ['by', { by: 'ann\u007f' }],
  ['until', { until: 'soon' }],
  ['until', { until: '2030-01-02' }],
  ['until', { until: '2030-01-02T09:00:00' }],
  ['until', { until: '2030-02-30T09:00:00Z' }],
  ['until', { until: '2030-01-02T25:00:00Z' }],
  ['until', { until: NOW + DAY }],
  ['until', { until: new Date(Number.NaN) }],
  ['until', { until: new Date(NOW) }],
  ['until', { until: '2029-12-31T23:59:59Z' }],
  ['until', { until: new Date(NOW + 366 * DAY + 1) }],
  ['until', { until: '2030-01-02T09:00:00Z', for: '1h' }],
  ['for', { for: 'soon' }],
  ['for', { for: 30 }],
  ['for', { for: '30' }],
  ['for', { for: '0s' }],
  ['for', { for: '367d' }],
  ['for', { for: '-5m' }],
  ['onExpiry', { onExpiry: 'never' }],
  ['retryAfter', { retryAfter: '500ms' }],
  ['retryAfter', { retryAfter: 120 }],
  ['ifRevision', { ifRevision: '1' }],
  ['mesage', { mesage: 'a typing error' }],
  ['message', { message: 'half of a character \ud83d' }],
  ['paths', { paths: '/shop/*' }],
  ['paths', { paths: Array(101).fill('/shop') }],
  ...[
    '',
    'shop',
    '/*/shop',
    '/shop*',
    '//shop',
    '/a//b',
    '/a/../b',
    '/a/.',
    '/%61',
    '/a;b',
    '/a\\b',
    '/a?b',
    '/a#b',
    '/a b'
  ]
    .concat(`/${'x'.repeat(500)}`)
    .map((path): [string, object] => ['exceptPaths', { exceptPaths: ['/fine', path] }]),
  ['maxWait', { maxWait: '30s' }],
  ['maxWait', { mode: 'hold', maxWait: '0s' }],
  ['maxWait', { mode: 'hold', maxWait: '61m' }]
]
for (const [field, request] of refused) {
  const shown = JSON.stringify(request)
    .slice(0, 60)
    .replace(/[^ -~]/g, '?')
  test(`entering refuses ${shown} and names ${field}`, () => {
    assert.throws(
      () => enter(request),
      (error) =>
        error instanceof InputError && error.field === field && error.message.startsWith(`${field}: `)
    )
  })
}

test('entering again replaces what was said, keeps since, and counts the change', () => {
  const first = enter({ message: 'one', until: '2030-01-01T10:00:00Z' })
  const second = enterMaintenance(first, { message: 'two' }, NOW + 1000)
  assert.deepEqual(second, { ...first, message: 'two', until: null, revision: 2 })
})

test('a repeat that says exactly the same changes nothing; a `for` counts from now', () => {
  const request: EnterRequest = { message: 'one', until: '2030-01-01T10:00:00Z', by: 'ann' }
  const first = enter(request)
  assert.equal(enterMaintenance(first, request, NOW + 1000), first)
  const longer = enterMaintenance(first, { message: 'one', for: '1h', by: 'ann' }, NOW + 1000)
  assert.equal(longer.revision, 2)
  assert.equal(longer.until, '2030-01-01T10:00:01.000Z')
})

test('leaving forgets what was said and counts the change; leaving when live changes nothing', () => {
  const left = leaveMaintenance(
    enter({ message: 'one', for: '1h' }),
    { by: 'bob', reason: 'done' },
    NOW + 5000
  )
  assert.deepEqual(left, {
    ...live,
    revision: 2,
    since: '2030-01-01T09:00:05.000Z',
    by: 'bob',
    reason: 'done'
  })
  assert.equal(leaveMaintenance(left, { by: 'eve' }, NOW + 6000), left)
})

test('a stale revision is refused by both, and also where nothing would change', () => {
  const stale = { code: 'ERR_STATE_CONFLICT' }
  const entered = enter({ ifRevision: 0 })
  assert.throws(() => enterMaintenance(entered, { ifRevision: 0 }, NOW), stale)
  assert.throws(() => leaveMaintenance(entered, { ifRevision: 0 }, NOW), stale)
  assert.throws(() => leaveMaintenance(live, { ifRevision: 7 }, NOW), stale)
  assert.equal(leaveMaintenance(entered, { ifRevision: 1 }, NOW).mode, 'live')
})

test('leaving refuses what it does not know', () => {
  const request = { message: 'bye' } as LeaveRequest
  assert.throws(() => leaveMaintenance(live, request, NOW), { field: 'message' })
})

test('Retry-After counts down to until, then says what the document says, then 120', () => {
  const timed = enter({ for: '30m', retryAfter: '5m' })
  assert.equal(retryAfterSeconds(timed, NOW), 1800)
  assert.equal(retryAfterSeconds(timed, NOW + 1), 1800)
  assert.equal(retryAfterSeconds(timed, NOW + 1_799_999), 1)
  assert.equal(retryAfterSeconds(timed, NOW + 1_800_000), 1)
  assert.equal(retryAfterSeconds({ ...timed, onExpiry: 'stay' }, NOW + 1_800_000), 300)
  assert.equal(retryAfterSeconds(enter({ retryAfter: '5m' }), NOW), 300)
  assert.equal(retryAfterSeconds(enter({}), NOW), 120)
})

test('only a maintenance whose time is over and that leaves by itself has expired', () => {
  const timed = enter({ for: '1h' })
  assert.equal(isExpired(timed, NOW + 3_599_999), false)
  assert.equal(isExpired(timed, NOW + 3_600_000), true)
  assert.equal(isExpired({ ...timed, onExpiry: 'stay' }, NOW + 3_600_000), false)
  assert.equal(isExpired(enter({}), NOW + DAY), false)
  assert.equal(isExpired(live, NOW), false)
})

test('any row of changes raises the revision by one each, or leaves the document alone', () => {
  const step = fc.oneof(
    fc.record({ verb: fc.constant('enter' as const), message: fc.constantFrom('a', 'b') }),
    fc.record({ verb: fc.constant('leave' as const), message: fc.constant('') })
  )
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      let current = live
      steps.forEach(({ verb, message }, n) => {
        const next =
          verb === 'enter'
            ? enterMaintenance(current, { message }, NOW + n)
            : leaveMaintenance(current, {}, NOW + n)
        if (next === current) assert.equal(next.message, verb === 'enter' ? message : null)
        else assert.equal(next.revision, current.revision + 1)
        assert.equal(next.mode, verb === 'enter' ? 'maintenance' : 'live')
        current = next
      })
    })
  )
})
