import assert from 'node:assert/strict'
import test from 'node:test'
import { membersOf, modeOf, openMember, QUICK, type TestMember } from '../helpers/fleet.ts'
import { type RedisServer, startRedis } from '../helpers/redis.ts'
import { startRelay } from '../helpers/relay.ts'
import { waitUntil } from '../helpers/store-contract.ts'

function fleetTest(
  name: string,
  body: (
    t: test.TestContext,
    redis: RedisServer,
    open: (options?: object) => Promise<TestMember>
  ) => Promise<void>
): void {
  test(name, async (t) => {
    const redis = await startRedis(t)
    if (redis) await body(t, redis, (options = {}) => openMember(t, { url: redis.url, ...options }))
  })
}

fleetTest('what one member enters is in force on all, and an answer says so', async (_t, _redis, open) => {
  const [one, two, three] = [await open(), await open(), await open()]
  const { wait } = await one.control.enter({ message: 'soon back' })
  assert.deepEqual([wait.outcome, wait.members, wait.applied, wait.lost], ['complete', 3, 3, []])
  assert.deepEqual([one, two, three].map(modeOf), ['maintenance', 'maintenance', 'maintenance'])
  assert.equal(two.control.site('default').state.message, 'soon back')
  await three.control.leave({})
  assert.deepEqual([one, two, three].map(modeOf), ['live', 'live', 'live'])
})

fleetTest('a wait for the drain ends when no member has a request in flight', async (_t, _redis, open) => {
  const [one, two] = [await open(), await open()]
  const request = two.begin()
  let settled = false
  const entering = one.control.enter({ wait: 'drained', timeout: '10s' }).finally(() => {
    settled = true
  })
  await waitUntil(() => modeOf(two) === 'maintenance')
  await new Promise((resolve) => setTimeout(resolve, 2 * QUICK.beatMs))
  assert.equal(settled, false)
  request.end()
  const endedMs = performance.now()
  const { wait } = await entering
  assert.ok(performance.now() - endedMs < 1000, 'it is noticed soon')
  assert.deepEqual([wait.outcome, wait.members, wait.drained, wait.inFlight], ['complete', 2, 2, 0])
})

fleetTest(
  'a wait whose time is over says who has how much in flight, or ends it by force',
  async (_t, _r, open) => {
    const [one, two] = [await open(), await open()]
    const request = two.begin()
    const first = await one.control.enter({ wait: 'drained', timeout: '1s' })
    assert.deepEqual([first.wait.outcome, first.wait.applied, first.wait.drained], ['not-proven', 2, 1])
    assert.deepEqual([first.wait.inFlight, request.isAborted], [1, false])
    assert.ok((first.wait.oldestMs ?? 0) >= 900)
    const second = await one.control.enter({ wait: 'drained', timeout: '1s', force: true })
    assert.deepEqual([second.wait.outcome, request.isAborted], ['complete', true])
  }
)

fleetTest(
  'two operators: the first waits in vain when the second changes the site again',
  async (_t, _r, open) => {
    const [one, two] = [await open(), await open()]
    two.begin()
    const entering = one.control.enter({ wait: 'drained', timeout: '20s' })
    await waitUntil(() => modeOf(two) === 'maintenance')
    await two.control.leave({})
    assert.equal((await entering).wait.outcome, 'superseded')
  }
)

fleetTest(
  'a member that hears nothing is lost: it is named, goes on, and comes back',
  async (t, redis, open) => {
    const relay = await startRelay(t, () => redis.port)
    const [one, two] = [await open(), await open({ url: `redis://127.0.0.1:${relay.port}` })]
    const idOfTwo = (await membersOf(two)).find(({ isSelf }) => isSelf)?.id
    relay.set('drop')
    const { wait } = await one.control.enter({})
    assert.deepEqual([wait.outcome, wait.members, wait.applied, wait.lost], ['not-proven', 2, 1, [idOfTwo]])
    assert.equal(modeOf(two), 'live')
    assert.deepEqual((await membersOf(one)).map(({ id, state }) => [id === idOfTwo, state]).sort(), [
      [false, 'live'],
      [true, 'lost']
    ])
    assert.equal(two.fleet.storeStatus().reachable, false)
    assert.ok(two.fleet.storeStatus().staleSince)
    relay.set('pass')
    await waitUntil(() => modeOf(two) === 'maintenance')
    assert.equal((await one.control.enter({ wait: 'drained' })).wait.outcome, 'complete')
    await waitUntil(() => two.fleet.storeStatus().reachable)
    assert.equal(two.fleet.storeStatus().staleSince, null)
  }
)

fleetTest(
  'a member that ended without a word stands in the way until it is forgotten',
  async (t, redis, open) => {
    const relay = await startRelay(t, () => redis.port)
    const [one, two] = [await open(), await open({ url: `redis://127.0.0.1:${relay.port}` })]
    const dead = (await membersOf(two)).find(({ isSelf }) => isSelf)?.id ?? ''
    relay.set('refuse')
    await two.leave()
    const first = await one.control.enter({ wait: 'drained', timeout: '3s' })
    assert.deepEqual([first.wait.outcome, first.wait.lost], ['not-proven', [dead]])
    assert.equal((await one.fleet.forget(dead, 'ann', 'the host burnt')).id, dead)
    const [latest] = await one.control.history()
    assert.deepEqual(
      [latest?.action, latest?.subject, latest?.by, latest?.reason, latest?.revision],
      ['forget', dead, 'ann', 'the host burnt', 1]
    )
    const second = await one.control.enter({ wait: 'drained' })
    assert.deepEqual([second.wait.outcome, second.wait.members], ['complete', 1])
    await assert.rejects(one.fleet.forget(dead), { code: 'ERR_NOT_FOUND' })
  }
)

fleetTest('a member that left properly is not waited for', async (_t, _redis, open) => {
  const [one, two] = [await open(), await open()]
  await two.leave()
  const { wait } = await one.control.enter({})
  assert.deepEqual([wait.outcome, wait.members], ['complete', 1])
})

fleetTest('a member that was forgotten by mistake takes part again', async (_t, _redis, open) => {
  const [one, two] = [await open(), await open()]
  const [other] = (await membersOf(one)).filter(({ isSelf }) => !isSelf)
  await one.fleet.forget(other?.id ?? '')
  await waitUntil(async () => (await membersOf(one)).length === 2)
  const { wait } = await one.control.enter({})
  assert.deepEqual([wait.outcome, wait.members], ['complete', 2])
  assert.ok(two.told.some((line) => line.includes('was forgotten')))
})
