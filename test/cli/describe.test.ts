import assert from 'node:assert/strict'
import test from 'node:test'
import { describeSites } from '../../src/cli/describe.ts'
import { describeStatus } from '../../src/cli/describe-status.ts'
import { instant, length, row } from '../../src/cli/describe-text.ts'
import { describeWait } from '../../src/cli/describe-wait.ts'

const nowMs = Date.parse('2030-01-01T00:12:00.000Z')
const since = '2030-01-01T00:00:00.000Z'
const plain = { color: false, nowMs }

test('the mode has a colour where one is wanted, and only there', () => {
  const site = { mode: 'live', revision: 2, since }
  const said = '2030-01-01T00:00:00Z (12 min ago)'
  assert.equal(describeSites([site], { color: true, nowMs })[0], `\x1b[32mlive\x1b[39m since ${said}`)
  assert.equal(describeSites([site], plain)[0], `live since ${said}`)
  assert.match(describeSites([{ mode: 'hold' }], { color: true })[0] ?? '', /^\x1b\[33mhold/)
})

test('a site that nobody has touched is not live since its start', () => {
  const untouched = { site: 'default', mode: 'live', revision: 0, since, by: null }
  assert.deepEqual(describeSites([untouched], plain), ['live', '  revision     0'])
})

test('several sites stand below each other, each with its name', () => {
  const lines = describeSites(
    [
      { site: 'shop', mode: 'read-only', paths: ['/shop/*', '/basket'], exceptPaths: ['/login'] },
      { site: 'backyard', mode: 'hold', maxWaitMs: 1500, until: since, onExpiry: 'stay', overdue: true }
    ],
    plain
  )
  assert.deepEqual(lines, [
    'shop      read-only',
    '  closed       /shop/* /basket',
    '  open         /login',
    'backyard  hold',
    '  waits        1.5 s at most',
    '  until        2030-01-01T00:00:00Z (12 min ago), then stay overdue'
  ])
})

test('the status tells of upstreams, of what is under way, of the next window and of lost gateways', () => {
  const upstreams = [
    { name: 'http://a', breaker: 'closed', isHealthy: true, busy: 2 },
    { name: 'http://b', breaker: 'closed', isHealthy: false, busy: 0 },
    { name: 'http://c', breaker: 'open', isHealthy: true, busy: 0 }
  ]
  const next = { id: 'w1', from: '2030-01-01T02:00:00.000Z', until: '2030-01-01T04:30:00.000Z' }
  const site = { site: 'default', mode: 'live', hosts: ['a.example', '*.a.example'], next, upstreams }
  const self = {
    id: 'a:1',
    host: 'a',
    version: '1.0.0',
    state: 'live',
    revision: 3,
    inFlight: 2,
    isSelf: true
  }
  const lines = describeStatus(
    {
      version: '1.0.0',
      startedAt: since,
      store: { kind: 'redis', reachable: false, staleSince: since },
      members: [self, { ...self, id: 'b:1', abandoned: 3, state: 'lost', lastSeenAt: since, isSelf: false }],
      sites: [
        { ...site, inFlight: 2, oldestInFlightMs: 12_345, abandoned: 1, held: 7, bypassed: 0, tunnels: 1 }
      ]
    },
    plain
  )
  assert.deepEqual(lines, [
    'live',
    '  hosts        a.example *.a.example',
    '  next         2030-01-01T02:00:00Z (in 1 h 48 min) until 2030-01-01T04:30:00Z (in 4 h 18 min), window w1',
    '  upstream     http://a reachable, 2 busy',
    '  upstream     http://b unhealthy, 0 busy',
    '  upstream     http://c unreachable, 0 busy',
    '  in flight    2, the oldest for 12 s',
    '  given up     1 that the app may still be working on',
    '  held         7',
    '  tunnels      1',
    'members',
    '  a:1 live on a, version 1.0.0, revision 3, 2 in flight, this one',
    '  b:1 lost on a, version 1.0.0, revision 3, 2 in flight, 3 given up, last seen 2030-01-01T00:00:00Z (12 min ago)',
    'store redis unreachable since 2030-01-01T00:00:00Z (12 min ago): what is shown may be old',
    'gateway 1.0.0, started 2030-01-01T00:00:00Z (12 min ago)'
  ])
})

test('what a gateway of another version leaves out or says otherwise is not shown, and nothing fails', () => {
  for (const odd of [{}, { sites: 'x', members: 5, store: null }, { sites: [null, {}], members: [null] }])
    assert.ok(Array.isArray(describeStatus(odd, plain)))
  const odd = { mode: 5, until: 'soon', paths: 'x', upstreams: 'x', next: 'x', inFlight: 'many' }
  assert.deepEqual(describeStatus({ sites: [odd] }, plain), ['5', '  until        soon, then leave'])
})

test('a wait that was not fulfilled says what is still running and who has not answered', () => {
  const wait = {
    outcome: 'not-proven',
    members: 3,
    applied: 3,
    drained: 2,
    inFlight: 1,
    oldestMs: 1234,
    lost: []
  }
  assert.equal(
    describeWait(wait),
    'changed, but not all of it is proven: 1 request still running, the oldest for 1.2 s'
  )
  assert.equal(
    describeWait({ ...wait, inFlight: 0, applied: 2, lost: ['gw-2'] }),
    'changed, but not all of it is proven: in force on 2 of 3 gateways; nothing is heard of gw-2'
  )
  assert.equal(
    describeWait({ ...wait, inFlight: 0, abandoned: 2 }),
    'changed, but not all of it is proven: 2 requests given up that the app may still be working on'
  )
  assert.equal(
    describeWait({ outcome: 'superseded' }),
    'changed, but somebody changed it again before that was over'
  )
  assert.equal(describeWait(undefined), 'changed, but not all of it is proven')
})

test('lengths of time are told in their largest units', () => {
  const cases = [
    [0, '0 s'],
    [1290, '1.2 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3_599_000, '59 min'],
    [3_600_000, '1 h'],
    [5_400_000, '1 h 30 min'],
    [90_000_000, '1 d 1 h']
  ] as const
  for (const [ms, text] of cases) assert.equal(length(ms), text)
  assert.equal(instant('nonsense', nowMs), 'nonsense')
  const inHalfAnHour = new Date(nowMs + 1_800_000).toISOString()
  assert.match(instant(inHalfAnHour, nowMs + 200), /\(in 30 min\)$/)
})

test('a value that is nothing has no row, and no value moves the cursor or turns the text around', () => {
  for (const nothing of [null, undefined, '', [], false]) assert.deepEqual(row('x', nothing), [])
  assert.deepEqual(row('x', 0), ['  x            0'])
  assert.deepEqual(row('x', { a: '\x1b' }), ['  x            {"a":"\\u001b"}'])
  assert.deepEqual(row('x', 'a\r\n\x9b2J\u202ezyx'), ['  x            a 2J zyx'])
})
