import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { initialDocument, parseDocument, type StateDocument } from '../../src/state/document.ts'
import { isPlainText } from '../../src/state/fields.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 50 }).filter(isPlainText)
const instant = fc
  .date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString())
const document: fc.Arbitrary<StateDocument> = fc
  .record(
    {
      site: text.filter((site) => site !== '' && site.length <= 64),
      mode: fc.constantFrom('live', 'maintenance', 'read-only', 'hold'),
      revision: fc.maxSafeNat(),
      since: instant,
      by: fc.option(text),
      message: fc.option(text),
      reason: fc.option(text),
      until: fc.option(instant),
      onExpiry: fc.constantFrom('leave', 'stay', 'leave-if-healthy'),
      retryAfterSeconds: fc.option(fc.integer({ min: 1 })),
      paths: fc.array(text),
      exceptPaths: fc.array(text),
      maxWaitMs: fc.integer({ min: 1 })
    },
    { noNullPrototype: true }
  )
  .map((made) => ({ ...made, maxWaitMs: made.mode === 'hold' ? made.maxWaitMs : null }))

test('every document survives the way through JSON', () => {
  fc.assert(
    fc.property(document, (before) => {
      assert.deepEqual(parseDocument(JSON.parse(JSON.stringify(before)), 'test'), before)
    })
  )
})

test('whatever is parsed gives a document or an error that names where it came from', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      try {
        parseDocument(value, 'over there')
      } catch (error) {
        assert.equal((error as { code: string }).code, 'ERR_STATE_UNREADABLE')
        assert.match((error as Error).message, /^over there: /)
      }
    })
  )
})

test('a document with a bad field is refused by the name of the field', () => {
  const good = { ...initialDocument('default'), mode: 'hold', maxWaitMs: 5 }
  const bad: Record<keyof StateDocument, unknown[]> = {
    site: ['', null, 5, undefined, 'x'.repeat(65)],
    mode: ['off', null, 'LIVE', undefined],
    revision: [-1, 1.5, '1', null, 2 ** 60],
    since: ['yesterday', '2030-02-30T00:00:00Z', '2030-01-01T00:00:00', null, 0],
    by: [5, 'a\u0000b', undefined],
    message: ['x'.repeat(2001), 'a\rb', {}, undefined],
    reason: [[], undefined],
    until: ['soon', '2030-01-01', undefined],
    onExpiry: ['never', null],
    retryAfterSeconds: [0, 0.5, '120', undefined],
    paths: [null, '/a', [5], undefined, Array(101).fill('/a')],
    exceptPaths: [null, '/a', [5]],
    maxWaitMs: [0, -1, 1.5, '30s']
  }
  for (const [field, values] of Object.entries(bad)) {
    for (const value of values) {
      assert.throws(
        () => parseDocument({ ...good, [field]: value }, 'state.json'),
        (error: Error) => error.message.startsWith(`state.json: ${field}: `),
        `${field}: ${JSON.stringify(value)}`
      )
    }
  }
})

test('a time with another zone is kept in UTC, and what a later version added is dropped', () => {
  const since = '2030-01-01T02:00:00+02:00'
  const parsed = parseDocument({ ...initialDocument('default'), since, maxWeight: '30s' }, 'state.json')
  assert.equal(parsed.since, '2030-01-01T00:00:00.000Z')
  assert.equal('maxWeight' in parsed, false)
})

test('a document of before there were these fields says what was meant then', () => {
  const { exceptPaths, maxWaitMs, ...old } = initialDocument('default')
  assert.deepEqual(parseDocument(old, 'state.json'), { ...old, exceptPaths: [], maxWaitMs: null })
  assert.equal(parseDocument({ ...old, mode: 'hold' }, 'state.json').maxWaitMs, 30_000)
})
