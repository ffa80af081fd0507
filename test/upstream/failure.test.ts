import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerForFailure } from '../../src/upstream/failure.ts'

test('every cause has its answer', () => {
  const unreachable = { status: 502, reason: 'upstream-unreachable' }
  const invalid = { status: 502, reason: 'upstream-invalid-response' }
  const timeout = { status: 504, reason: 'upstream-timeout' }
  assert.deepEqual(answerForFailure('refused'), unreachable)
  assert.deepEqual(answerForFailure('untrusted'), unreachable)
  assert.deepEqual(answerForFailure('reset'), unreachable)
  assert.deepEqual(answerForFailure('invalid-response'), invalid)
  assert.deepEqual(answerForFailure('cut'), invalid)
  assert.deepEqual(answerForFailure('connect-timeout'), timeout)
  assert.deepEqual(answerForFailure('response-timeout'), timeout)
  assert.deepEqual(answerForFailure('idle-timeout'), timeout)
  assert.equal(answerForFailure('client-gone'), null)
})
