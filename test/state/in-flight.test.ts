import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createInFlight, type InFlight, type InFlightEntry } from '../../src/state/in-flight.ts'

interface Request extends InFlightEntry {
  aborted: boolean
}

/** A request that ends when it is cut, or never. */
function begin(inFlight: InFlight, { isUpgraded = false, isStuck = false } = {}): Request {
  const request: Request = {
    ...{ aborted: false, isUpgraded, withdraw: () => false, request: {} as never },
    abort() {
      request.aborted = true
      if (!isStuck) setImmediate(() => inFlight.end(request))
    },
    close: () => request.abort()
  }
  inFlight.begin(request)
  return request
}

test('counts what is in flight, and knows the age of the oldest', async () => {
  const inFlight = createInFlight()
  assert.deepEqual([inFlight.count, inFlight.oldestMs], [0, null])
  const first = begin(inFlight)
  await sleep(30)
  const second = begin(inFlight)
  assert.equal(inFlight.count, 2)
  assert.ok((inFlight.oldestMs ?? 0) >= 29)
  inFlight.end(first)
  assert.equal(inFlight.count, 1)
  assert.ok((inFlight.oldestMs ?? 99) < 29)
  inFlight.end(first)
  inFlight.end(second)
  inFlight.end(begin(createInFlight()))
  assert.deepEqual([inFlight.count, inFlight.oldestMs], [0, null])
})

test('a generation is drained when all that began in it or before it is over, whatever began later', async () => {
  const inFlight = createInFlight()
  const old = begin(inFlight)
  inFlight.close()
  const young = begin(inFlight)
  const generation = inFlight.close()
  begin(inFlight)
  let result: unknown
  const drained = inFlight.drained(generation, { timeoutMs: 5000 }).then((given) => {
    result = given
  })
  inFlight.end(old)
  await sleep(10)
  assert.equal(result, undefined)
  assert.equal(inFlight.left(generation).left, 1)
  inFlight.end(young)
  await drained
  assert.deepEqual(result, { drained: true, left: 0, abandoned: 0, oldestMs: null })
  assert.equal(inFlight.count, 1)
})

test('a generation in which nothing began, or all is over, is drained at once', async () => {
  const inFlight = createInFlight()
  assert.equal((await inFlight.drained(inFlight.close(), { timeoutMs: 0 })).drained, true)
  const request = begin(inFlight)
  const generation = inFlight.close()
  inFlight.end(request)
  assert.equal((await inFlight.drained(generation, { timeoutMs: 0 })).drained, true)
  assert.equal((await inFlight.drained(0, { timeoutMs: 0 })).drained, true)
})

test('when the time is over it says what is left, and how old the oldest is', async () => {
  const inFlight = createInFlight()
  begin(inFlight)
  await sleep(20)
  begin(inFlight)
  const { drained, left, oldestMs } = await inFlight.drained(inFlight.close(), { timeoutMs: 20 })
  assert.deepEqual([drained, left], [false, 2])
  assert.ok((oldestMs ?? 0) >= 39, `${oldestMs}`)
})

test('by force, what is left at the end of the time is cut, and nothing else', async () => {
  const inFlight = createInFlight()
  const old = [begin(inFlight), begin(inFlight)]
  const generation = inFlight.close()
  const later = begin(inFlight)
  const startMs = performance.now()
  const result = await inFlight.drained(generation, { timeoutMs: 50, force: true })
  assert.ok(performance.now() - startMs >= 49)
  assert.deepEqual(result, { drained: true, left: 0, abandoned: 0, oldestMs: null })
  assert.deepEqual(
    [...old, later].map(({ aborted }) => aborted),
    [true, true, false]
  )
})

test('what does not end even when it is cut is told as left', async () => {
  const inFlight = createInFlight()
  begin(inFlight, { isStuck: true })
  const result = await inFlight.drained(inFlight.close(), { timeoutMs: 5, force: true })
  assert.deepEqual([result.drained, result.left], [false, 1])
})

test('waiting can be given up, and then nothing is cut', async () => {
  const inFlight = createInFlight()
  const request = begin(inFlight)
  const signal = AbortSignal.timeout(20)
  const result = await inFlight.drained(inFlight.close(), { timeoutMs: 5000, force: true, signal })
  assert.deepEqual([result.drained, result.left, request.aborted], [false, 1, false])
})

test('nobody waits for what may go on, and it is of the new generation', async () => {
  const inFlight = createInFlight()
  const first = begin(inFlight)
  inFlight.close()
  const [second, third] = [begin(inFlight), begin(inFlight)]
  const generation = inFlight.close()
  const waiting = inFlight.drained(generation, { timeoutMs: 5000 })
  inFlight.renew((entry) => entry !== third)
  assert.deepEqual(inFlight.left(generation).left, 1)
  inFlight.renew(() => true)
  assert.equal((await waiting).drained, true)
  assert.equal(inFlight.count, 3)
  const next = inFlight.close()
  assert.equal(inFlight.left(next).left, 3)
  for (const entry of [first, second, third]) inFlight.end(entry)
  assert.equal(inFlight.count, 0)
})

test('what was given up is not counted, but a drain waits for it until it ends', async () => {
  const inFlight = createInFlight()
  const [left, other] = [begin(inFlight), begin(inFlight)]
  const leftover = { ...left }
  assert.equal(inFlight.abandon(left, leftover), true)
  assert.equal(inFlight.abandon(left, leftover), false)
  inFlight.end(left)
  assert.deepEqual([inFlight.count, inFlight.abandoned], [1, 1])
  const generation = inFlight.close()
  inFlight.end(other)
  const { oldestMs, ...rest } = await inFlight.drained(generation, { timeoutMs: 10 })
  assert.deepEqual([rest, oldestMs], [{ drained: false, left: 0, abandoned: 1 }, null])
  setTimeout(() => inFlight.end(leftover), 20)
  assert.equal((await inFlight.drained(generation, { timeoutMs: 5000 })).drained, true)
  assert.deepEqual([inFlight.count, inFlight.abandoned], [0, 0])
})

test('what was given up is judged by a new mode as anything else', async () => {
  const inFlight = createInFlight()
  const [one, two] = [begin(inFlight), begin(inFlight)]
  const [first, second] = [{ ...one }, { ...two }]
  inFlight.abandon(one, first)
  const generation = inFlight.close()
  inFlight.abandon(two, second)
  inFlight.renew((entry) => entry === first)
  assert.equal(inFlight.left(generation).abandoned, 1)
  inFlight.end(second)
  assert.equal((await inFlight.drained(generation, { timeoutMs: 0 })).drained, true)
})
