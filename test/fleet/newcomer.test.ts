/** Gateways that come to a store which has lost something, before those who know better have put it back. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fleetTest, modeOf, openMember, QUICK, type TestMember } from '../helpers/fleet.ts'
import { type RedisServer, startRedis } from '../helpers/redis.ts'
import { startRelay } from '../helpers/relay.ts'
import { waitUntil } from '../helpers/store-contract.ts'

const DOC = 'im:{default}:doc'
const ROSTER = 'im:{default}:roster'

fleetTest('a newcomer to an empty store lets the others speak first', async (_t, redis, open) => {
  const one = await open()
  await one.control.enter({})
  await redis.kill9()
  // It asks before the old member has noticed that the store is there again.
  const opening = open()
  await redis.restart({ empty: true })
  const two = await opening
  await waitUntil(() => modeOf(two) !== 'starting')
  assert.equal(modeOf(two), 'maintenance')
})

/** Two members in maintenance, and a replica that has missed it, in whose place a newcomer finds the store. */
async function promoteStale(
  t: TestContext,
  redis: RedisServer,
  { knowsMembers }: { knowsMembers: boolean }
): Promise<{ replica: RedisServer; comeBack(delayMs: number): void; join(): Promise<TestMember> }> {
  // A lease that outlives all of this, so that nobody gives up waiting.
  const timing = { ...QUICK, leaseMs: 5000, coldStartMs: 20_000 }
  const replication = await startRelay(t, () => redis.port)
  const replica = await startRedis(t, { args: ['--replicaof', '127.0.0.1', String(replication.port)] })
  assert.ok(replica)
  const before = await openMember(t, { url: redis.url, timing })
  await before.control.enter({ message: 'long ago' })
  await before.control.leave({})
  let port = redis.port
  const relay = await startRelay(t, () => port)
  const url = `redis://127.0.0.1:${relay.port}`
  if (!knowsMembers) {
    await before.leave()
    await waitUntil(async () => (await replica.cli('HGET', DOC, 'rev')) === '2')
    await waitUntil(async () => (await replica.cli('ZCARD', ROSTER)) === '0')
    replication.set('drop')
  }
  const members = [await openMember(t, { url, timing }), await openMember(t, { url, timing })]
  if (knowsMembers) {
    await before.leave()
    await waitUntil(async () => (await replica.cli('ZCARD', ROSTER)) === '2')
    replication.set('drop')
  }
  await waitUntil(() => members.every((one) => modeOf(one) === 'live'))
  assert.equal((await members[0]?.control.enter({}))?.wait.outcome, 'complete')
  relay.set('refuse')
  await redis.kill9()
  await replica.cli('REPLICAOF', 'NO', 'ONE')
  port = replica.port
  assert.equal(await replica.cli('HGET', DOC, 'rev'), '2')
  return {
    replica,
    comeBack: (delayMs) => relay.set(delayMs),
    join: () => openMember(t, { url: replica.url, timing })
  }
}

fleetTest(
  'a newcomer does not believe a replica that lags behind and does not know that there are others',
  async (t, redis) => {
    const { comeBack, join, replica } = await promoteStale(t, redis, { knowsMembers: false })
    const joining = join()
    await waitUntil(async () => (await replica.cli('ZCARD', ROSTER)) === '1')
    await sleep(QUICK.emptyStoreMs / 4)
    comeBack(0)
    const newcomer = await joining
    await waitUntil(() => modeOf(newcomer) !== 'starting')
    assert.equal(modeOf(newcomer), 'maintenance')
  }
)

fleetTest(
  'a newcomer is not misled by a member that is there again and has not put anything back yet',
  async (t, redis) => {
    const { comeBack, join } = await promoteStale(t, redis, { knowsMembers: true })
    const newcomer = await join()
    await sleep(QUICK.emptyStoreMs * 1.5)
    // So much passes between what a member says and what it does next.
    comeBack(100)
    await waitUntil(() => modeOf(newcomer) !== 'starting')
    assert.equal(modeOf(newcomer), 'maintenance')
  }
)

fleetTest(
  'a newcomer to a store that was emptied, with an old copy of its own, does not take that for the truth',
  async (_t, redis, open) => {
    const one = await open()
    const two = await open()
    await one.control.enter({})
    await one.control.leave({})
    await two.leave()
    await one.control.enter({})
    await redis.kill9()
    const opening = open({ stateDir: two.stateDir })
    await redis.restart({ empty: true })
    const three = await opening
    await waitUntil(() => modeOf(three) !== 'starting')
    assert.equal(modeOf(three), 'maintenance')
  }
)
