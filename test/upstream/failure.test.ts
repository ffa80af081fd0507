import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type LookupFunction } from 'node:net'
import { test } from 'node:test'
import { answerForFailure, connectFailure } from '../../src/upstream/failure.ts'

test('every cause has its answer, and says whether the app may have got the request', () => {
  const unreachable = { status: 502, reason: 'upstream-unreachable' }
  const invalid = { status: 502, reason: 'upstream-invalid-response' }
  const timeout = { status: 504, reason: 'upstream-timeout' }
  assert.deepEqual(answerForFailure('refused'), { ...unreachable, mayHaveArrived: false })
  assert.deepEqual(answerForFailure('full'), { ...unreachable, mayHaveArrived: false })
  assert.deepEqual(answerForFailure('untrusted'), { ...unreachable, mayHaveArrived: false })
  assert.deepEqual(answerForFailure('reset'), { ...unreachable, mayHaveArrived: true })
  assert.deepEqual(answerForFailure('invalid-response'), { ...invalid, mayHaveArrived: true })
  assert.deepEqual(answerForFailure('cut'), { ...invalid, mayHaveArrived: true })
  assert.deepEqual(answerForFailure('connect-timeout'), { ...timeout, mayHaveArrived: false })
  assert.deepEqual(answerForFailure('response-timeout'), { ...timeout, mayHaveArrived: true })
  assert.deepEqual(answerForFailure('idle-timeout'), { ...timeout, mayHaveArrived: true })
  assert.equal(answerForFailure('client-gone'), null)
})

// As `localhost` is on most machines.
test('an app that refuses at every address of its name is told of with all of them, once each', async () => {
  const both = ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 }))
  const lookup: LookupFunction = (_name, _options, done) => done(null, both)
  const socket = connect({ port: 9, host: 'app.example', lookup, autoSelectFamily: true })
  const [error] = (await once(socket, 'error').catch((thrown: unknown) => [thrown])) as [Error]
  assert.equal(error.message, '', 'Node says nothing by itself')
  const failure = connectFailure(error)
  assert.equal(failure.reason, 'refused')
  assert.equal(failure.message, 'connect ECONNREFUSED 127.0.0.1:9, connect ECONNREFUSED 127.0.0.2:9')
})
