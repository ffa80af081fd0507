import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerForFailure } from '../../src/upstream/failure.ts'

test('every cause has its answer, and says whether the app may have got the request', () => {
  const unreachable = { status: 502, reason: 'upstream-unreachable' }
  const invalid = { status: 502, reason: 'upstream-invalid-response' }
  const timeout = { status: 504, reason: 'upstream-timeout' }
  assert.deepEqual(answerForFailure('refused'), { ...unreachable, mayHaveArrived: false })
  assert.deepEqual(answerForFailure('untrusted'), { ...unreachable, mayHaveArrived: false })
  assert.deepEqual(answerForFailure('reset'), { ...unreachable, mayHaveArrived: true })
  assert.deepEqual(answerForFailure('invalid-response'), { ...invalid, mayHaveArrived: true })
  assert.deepEqual(answerForFailure('cut'), { ...invalid, mayHaveArrived: true })
  assert.deepEqual(answerForFailure('connect-timeout'), { ...timeout, mayHaveArrived: false })
  assert.deepEqual(answerForFailure('response-timeout'), { ...timeout, mayHaveArrived: true })
  assert.deepEqual(answerForFailure('idle-timeout'), { ...timeout, mayHaveArrived: true })
  assert.equal(answerForFailure('client-gone'), null)
})
