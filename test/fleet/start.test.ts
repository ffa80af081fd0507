/** Starts while the store is gone, and members that promise to let nobody through without it. */
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fleetTest, modeOf, type OpenMember, openMember, QUICK } from '../helpers/fleet.ts'
import { freePort, type RedisServer } from '../helpers/redis.ts'
import { startRelay } from '../helpers/relay.ts'
import { waitUntil } from '../helpers/store-contract.ts'

/** The folder of a member that was in maintenance and did not leave properly. */
async function stateOfKilled(t: TestContext, redis: RedisServer, open: OpenMember): Promise<string> {
  const relay = await startRelay(t, () => redis.port)
  const one = await open({ url: `redis://127.0.0.1:${relay.port}` })
  await one.control.enter({})
  relay.set('refuse')
  await one.leave()
  return one.stateDir
}

fleetTest('a start while the store is gone goes by the copy on this machine', async (t, redis, open) => {
  const stateDir = await stateOfKilled(t, redis, open)
  await redis.kill9()
  const two = await open({ stateDir })
  await waitUntil(() => modeOf(two) !== 'starting')
  assert.equal(modeOf(two), 'maintenance')
  assert.ok(two.told.some((line) => line.startsWith('starting without the store')))
})

fleetTest('the copy of a member that left properly is used only after a while', async (_t, redis, open) => {
  const one = await open()
  await one.control.enter({})
  await one.leave()
  await redis.kill9()
  const two = await open({ stateDir: one.stateDir })
  assert.equal(modeOf(two), 'starting')
  await waitUntil(() => modeOf(two) === 'maintenance')
})

fleetTest(
  'a member that cannot know whether its leaving was heard counts as one that has left',
  async (_t, redis, open) => {
    const one = await open({ timing: { ...QUICK, beatMs: 5000 } })
    await waitUntil(() => modeOf(one) === 'live')
    // So that the server knows the script.
    await (await open()).leave()
    await one.control.enter({})
    await sleep(300)
    redis.process.signal('SIGSTOP')
    await one.leave()
    redis.process.signal('SIGCONT')
    await waitUntil(async () => (await redis.cli('ZCARD', 'im:{default}:roster')) === '0')
    await redis.kill9()
    // Nobody waits for it any more, so it must not let anybody through in the mode that it knew.
    const two = await open({ stateDir: one.stateDir })
    assert.equal(modeOf(two), 'starting')
    await waitUntil(() => modeOf(two) === 'maintenance')
  }
)

fleetTest(
  'a start without store and copy lets nobody through, until the store is there',
  async (_t, redis, open) => {
    await redis.kill9()
    const one = await open()
    await sleep(QUICK.coldStartMs + 300)
    assert.equal(modeOf(one), 'starting')
    await assert.rejects(one.control.enter({}), { code: 'ERR_STORE_UNREACHABLE' })
    await redis.restart({ empty: true })
    await waitUntil(() => modeOf(one) === 'live')
  }
)

fleetTest('with coldStart pass it lets everybody through after a while', async (_t, redis, open) => {
  await redis.kill9()
  const one = await open({ coldStart: 'pass' })
  assert.equal(modeOf(one), 'starting')
  await waitUntil(() => modeOf(one) === 'live')
  await redis.restart({ empty: true })
  // It lets others speak first: until then a change is refused.
  await waitUntil(() =>
    one.control.enter({}).then(
      () => true,
      () => false
    )
  )
  assert.equal(modeOf(one), 'maintenance')
})

fleetTest('with coldStart hold not even a copy is enough', async (t, redis, open) => {
  const stateDir = await stateOfKilled(t, redis, open)
  await redis.kill9()
  const two = await open({ stateDir, coldStart: 'hold' })
  await sleep(QUICK.coldStartMs + 300)
  assert.equal(modeOf(two), 'starting')
})

fleetTest('a copy that was damaged is as none, and is told of', async (t, redis, open) => {
  const { writeFile } = await import('node:fs/promises')
  const stateDir = await stateOfKilled(t, redis, open)
  await writeFile(`${stateDir}/fleet-default/state.json`, '{"format":1')
  const two = await open({ stateDir })
  await waitUntil(() => modeOf(two) === 'maintenance')
  assert.ok(two.told.some((line) => line.includes('state.json')))
})

fleetTest(
  'a newcomer counts from its first moment, so that no change passes it by',
  async (_t, _redis, open) => {
    const one = await open()
    for (let n = 0; n < 5; n++) {
      const opening = open()
      const { wait } = await one.control.enter({ message: `${n}` })
      const two = await opening
      await waitUntil(() => modeOf(two) !== 'starting')
      assert.equal(modeOf(two), 'maintenance')
      assert.equal(wait.outcome, 'complete')
      await two.leave()
      await one.control.leave({})
    }
  }
)

fleetTest(
  'with fencing strict a member without the store lets nobody through and is not waited for',
  async (t, redis, open) => {
    const relay = await startRelay(t, () => redis.port)
    const one = await open({ fencing: 'strict' })
    const two = await open({ fencing: 'strict', url: `redis://127.0.0.1:${relay.port}` })
    const request = two.begin()
    relay.set('drop')
    const { wait } = await one.control.enter({ wait: 'drained', timeout: '20s' })
    assert.deepEqual([wait.outcome, wait.members, wait.drained, wait.lost.length], ['complete', 2, 2, 1])
    assert.equal(modeOf(two), 'starting')
    assert.equal(request.isAborted, true)
    relay.set('pass')
    await waitUntil(() => modeOf(two) === 'maintenance')
  }
)

test('nothing can be reached at an address where nobody listens, and it says why', async (t) => {
  const one = await openMember(t, { url: `redis://127.0.0.1:${await freePort()}` })
  await waitUntil(() => one.told.length > 0)
  assert.match(one.told[0] ?? '', /ECONNREFUSED/)
})
