import assert from 'node:assert/strict'
import test from 'node:test'
import { createFailureBudget, type FailureBudget } from '../../src/admin/failure-budget.ts'

/** Guesses until it has to wait. */
function spend(budget: FailureBudget, peer: string | undefined): number {
  let guesses = 0
  while (budget.waitSeconds(peer) === 0 && guesses < 1000) {
    budget.failed(peer)
    guesses++
  }
  return guesses
}

test('a peer that guessed too often waits a second, others do not', () => {
  let nowMs = 0
  const budget = createFailureBudget(() => nowMs)
  assert.equal(spend(budget, '192.0.2.1'), 20)
  assert.equal(budget.waitSeconds('192.0.2.1'), 1)
  assert.equal(budget.waitSeconds('192.0.2.2'), 0)
  assert.equal(budget.waitSeconds(undefined), 0)
  nowMs = 1000
  assert.equal(spend(budget, '192.0.2.1'), 5)
})

test('an address of IPv6 is counted with its whole network', () => {
  const budget = createFailureBudget(() => 0)
  spend(budget, '2001:db8:1:2::1')
  assert.equal(budget.waitSeconds('2001:db8:1:2:3:4:5:6'), 1)
  assert.equal(budget.waitSeconds('2001:db8:1:3::1'), 0)
  assert.equal(budget.waitSeconds('::1'), 0)
})

test('guessing from many addresses is held up, but not for a peer that has not guessed', () => {
  let nowMs = 0
  const budget = createFailureBudget(() => nowMs)
  for (let n = 0; n < 200; n++) budget.failed(`10.0.0.${n}`)
  assert.equal(budget.waitSeconds('10.0.0.7'), 1)
  assert.equal(budget.waitSeconds('192.0.2.1'), 0)
  nowMs = 1000
  assert.equal(budget.waitSeconds('10.0.0.7'), 0)
})

test('a crowd of guessers takes no more than a bounded room', () => {
  const budget = createFailureBudget(() => 0)
  for (let n = 0; n < 5000; n++) budget.failed(`10.0.${n >> 8}.${n & 255}`)
  assert.equal(budget.waitSeconds('10.0.0.0'), 0, 'the oldest is forgotten')
})
