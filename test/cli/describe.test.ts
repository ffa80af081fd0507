import assert from 'node:assert/strict'
import test from 'node:test'
import { describeMode, row } from '../../src/cli/describe.ts'

test('the mode has a colour where one is wanted, and only there', () => {
  const document = { mode: 'live', revision: 2, since: '2030-01-01T00:00:00.000Z' }
  assert.equal(describeMode(document, true)[0], '\x1b[32mlive\x1b[39m since 2030-01-01T00:00:00.000Z')
  assert.equal(describeMode(document, false)[0], 'live since 2030-01-01T00:00:00.000Z')
  assert.match(describeMode({ mode: 'maintenance' }, true)[0] ?? '', /^\x1b\[33mmaintenance/)
})

test('a site that nobody has touched is not live since its start', () => {
  const untouched = { mode: 'live', revision: 0, since: '2030-01-01T00:00:00.000Z', by: null }
  assert.deepEqual(describeMode(untouched, false), ['live', '  revision: 0'])
})

test('a value that is nothing has no row, and no value moves the cursor', () => {
  for (const nothing of [null, undefined, '', []]) assert.deepEqual(row('x', nothing), [])
  assert.deepEqual(row('x', 0), ['  x: 0'])
  assert.deepEqual(row('x', { a: '\x1b' }), ['  x: {"a":"\\u001b"}'])
  assert.deepEqual(row('x', 'a\r\n\x9b2J'), ['  x: a 2J'])
})
