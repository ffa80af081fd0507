import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { IntermissionError } from '../../src/errors.ts'
import { createChange, parseChange } from '../../src/state/history.ts'
import { parseLink } from '../../src/state/link.ts'
import { emptyState, nextState, parseSharedState } from '../../src/state/shared-state.ts'
import { parseWindow } from '../../src/state/window.ts'
import { entered } from '../helpers/store-contract.ts'

const WINDOW = {
  ...{
    id: 'w1',
    site: null,
    mode: 'hold',
    from: '2030-01-02T00:00:00.000Z',
    until: '2030-01-02T01:00:00.000Z'
  },
  ...{ by: null, addedAt: '2030-01-01T00:00:00.000Z', leftSites: [], message: null, reason: null },
  ...{ onExpiry: 'leave', retryAfterSeconds: null, paths: [], exceptPaths: [], maxWaitMs: 5 }
}
const LINK = {
  ...{ id: 'l1', site: null, label: null, by: null, createdAt: '2030-01-01T00:00:00.000Z' },
  expiresAt: '2030-01-01T12:00:00.000Z'
}
const GOOD = { ...entered('default', 'one'), windows: [WINDOW], links: [LINK], bypassKey: 'A'.repeat(43) }
const CHANGE = createChange({ revision: 1, action: 'enter' }, 0)

test('whatever is parsed gives something or an error that names where it came from', () => {
  const anything = fc.oneof(
    fc.anything(),
    fc.dictionary(fc.constantFrom(...Object.keys({ ...GOOD, ...WINDOW, ...LINK, ...CHANGE })), fc.anything())
  )
  for (const parse of [parseSharedState, parseWindow, parseLink, parseChange]) {
    fc.assert(
      fc.property(anything, (value) => {
        try {
          parse(value, 'over there')
        } catch (error) {
          assert.ok(error instanceof IntermissionError)
          assert.equal(error.code, 'ERR_STATE_UNREADABLE')
          assert.match(error.message, /^over there: /)
        }
      })
    )
  }
})

test('a good state survives, and what a later version added to any part is dropped', () => {
  const later = { colour: 'red' }
  const more = {
    ...{ ...GOOD, ...later, windows: [{ ...WINDOW, ...later }], links: [{ ...LINK, ...later }] },
    sites: { default: { ...GOOD.sites.default, ...later } }
  }
  assert.deepEqual(parseSharedState(JSON.parse(JSON.stringify(more)), 'test'), GOOD)
})

const refused: [why: RegExp, change: object][] = [
  [/revision: -1 /, { revision: -1 }],
  [/sites is not an object/, { sites: undefined }],
  [/sites\.a is the document of another site/, { sites: { a: GOOD.sites.default } }],
  [/sites are more than 1000/, { sites: Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [n, 0])) }],
  [/windows: .* at most 100/, { windows: Array(101).fill(WINDOW) }],
  [/windows\[0\]: mode: "live"/, { windows: [{ ...WINDOW, mode: 'live' }] }],
  [/windows\[1\]: until: .* a time after from/, { windows: [WINDOW, { ...WINDOW, until: WINDOW.from }] }],
  [/links\[0\]: site: ""/, { links: [{ ...LINK, site: '' }] }],
  [/links\[0\]: expiresAt: /, { links: [{ ...LINK, expiresAt: 'never' }] }],
  [/bypassKey is neither/, { bypassKey: 'short' }],
  [/bypassKey is neither/, { bypassKey: undefined }]
]
for (const [why, change] of refused) {
  test(`a state that says ${JSON.stringify(change).slice(0, 60)} is refused with ${why.source}`, () => {
    assert.throws(() => parseSharedState({ ...GOOD, ...change }, 'test'), {
      code: 'ERR_STATE_UNREADABLE',
      message: why
    })
  })
}

test('a bad key is refused without being told', () => {
  const bypassKey = `${'s3cret'.repeat(7)}!`
  assert.throws(() => parseSharedState({ ...GOOD, bypassKey }, 'test'), { message: /^(?!.*s3cret)/ })
})

test('a next state has the next revision, and drops what is over', () => {
  const state = parseSharedState(GOOD, 'test')
  const next = nextState(state, {}, Date.parse(WINDOW.until))
  assert.deepEqual([next.revision, next.windows, next.links], [state.revision + 1, [], []])
  assert.deepEqual(nextState(state, {}, Date.parse(LINK.expiresAt) - 1), {
    ...state,
    revision: 2
  })
  assert.deepEqual(nextState(emptyState(), {}, 0), { ...emptyState(), revision: 1 })
})

test('a record is cut short where its texts are long, and not in the middle of a character', () => {
  const message = `${'x'.repeat(198)}😀${'y'.repeat(100)}`
  const sites = Array.from({ length: 9 }, (_, n) => `site ${n}`)
  const change = createChange({ revision: 1, action: 'enter', message, by: 'b'.repeat(101), sites }, 0)
  assert.equal(change.message, `${'x'.repeat(198)}…`)
  assert.equal(change.by, `${'b'.repeat(99)}…`)
  assert.deepEqual(change.sites, ['site 0', 'site 1', 'site 2', 'site 3', '…'])
  assert.deepEqual(parseChange(JSON.parse(JSON.stringify(change)), 'test'), change)
})
