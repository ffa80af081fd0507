/** What becomes of the modes when the store is gone, has lost something, or says what it must not. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { fleetTest, membersOf, modeOf, QUICK } from '../helpers/fleet.ts'
import { startRedis } from '../helpers/redis.ts'
import { startRelay } from '../helpers/relay.ts'
import { waitUntil } from '../helpers/store-contract.ts'

const DOC = 'im:{default}:doc'
const ROSTER = 'im:{default}:roster'

fleetTest(
  'while the store is gone the mode stays, and a change fails and names the store',
  async (_t, redis, open) => {
    const [one, two] = [await open(), await open()]
    await one.control.enter({})
    await redis.kill9()
    const beganMs = performance.now()
    await assert.rejects(two.control.leave({}), (error: Error & { code: string }) => {
      assert.equal(error.code, 'ERR_STORE_UNREACHABLE')
      assert.match(error.message, new RegExp(`Redis at 127.0.0.1:${redis.port}`))
      return true
    })
    assert.ok(performance.now() - beganMs < 4000)
    assert.deepEqual([modeOf(one), modeOf(two)], ['maintenance', 'maintenance'])
    const { reachable, staleSince } = two.fleet.storeStatus()
    assert.equal(reachable, false)
    assert.ok(Date.parse(staleSince ?? '') <= Date.now())
    await redis.restart({ empty: false })
    await waitUntil(() => two.fleet.storeStatus().reachable)
    await two.control.leave({})
    await waitUntil(() => modeOf(one) === 'live')
  }
)

fleetTest('a store that comes back empty gets the mode back from the members', async (_t, redis, open) => {
  const [one, two] = [await open(), await open()]
  await one.control.enter({ message: 'back soon' })
  const before = await redis.cli('HGET', DOC, 'body')
  await redis.restart({ empty: true })
  const backMs = performance.now()
  await waitUntil(async () => (await redis.cli('HGET', DOC, 'body')) === before)
  assert.ok(performance.now() - backMs < 2 * QUICK.beatMs + QUICK.reconnectMs + 500)
  const three = await open()
  await waitUntil(() => modeOf(three) !== 'starting')
  assert.equal(modeOf(three), 'maintenance', 'a newcomer never sees another mode')
  const { wait } = await two.control.enter({ message: 'again' })
  assert.deepEqual([wait.outcome, wait.members], ['complete', 3])
})

fleetTest(
  'a member that is cut off while the store loses its data is not forgotten',
  async (t, redis, open) => {
    const relay = await startRelay(t, () => redis.port)
    const [one, two] = [await open(), await open({ url: `redis://127.0.0.1:${relay.port}` })]
    const lost = (await membersOf(two)).find(({ isSelf }) => isSelf)?.id
    relay.set('refuse')
    await redis.restart({ empty: true })
    await waitUntil(() => one.fleet.storeStatus().reachable)
    const { wait } = await one.control.enter({ wait: 'drained', timeout: '3s' })
    assert.deepEqual([wait.outcome, wait.members, wait.lost], ['not-proven', 2, [lost]])
    relay.set('pass')
    await waitUntil(() => modeOf(two) === 'maintenance')
    assert.equal((await one.control.enter({ wait: 'drained' })).wait.outcome, 'complete')
  }
)

fleetTest(
  'a replica that lags behind and is promoted opens no gate that was closed, and none for a newcomer that finds the others in it',
  async (t, redis, open) => {
    const replication = await startRelay(t, () => redis.port)
    const replica = await startRedis(t, { args: ['--replicaof', '127.0.0.1', String(replication.port)] })
    assert.ok(replica)
    let port = redis.port
    const relay = await startRelay(t, () => port)
    const url = `redis://127.0.0.1:${relay.port}`
    const [one, two] = [await open({ url }), await open({ url })]
    const seen: string[] = []
    for (const { control } of [one, two]) control.site('default').onChange(({ mode }) => seen.push(mode))
    await waitUntil(async () => (await replica.cli('HGET', DOC, 'prov')) === '1')
    await waitUntil(async () => (await replica.cli('ZCARD', ROSTER)) === '2')
    replication.set('drop')
    assert.equal((await one.control.enter({})).wait.outcome, 'complete')
    await redis.kill9()
    await replica.cli('REPLICAOF', 'NO', 'ONE')
    port = replica.port
    relay.set('refuse')
    relay.set('pass')
    const three = await open({ url })
    await waitUntil(async () => (await replica.cli('HGET', DOC, 'rev')) === '1')
    await waitUntil(() => modeOf(three) !== 'starting')
    assert.equal(modeOf(three), 'maintenance')
    assert.deepEqual(seen, ['maintenance', 'maintenance'])
    assert.ok([...one.told, ...two.told].some((line) => line.includes('put back')))
  }
)

fleetTest(
  'a member that was forgotten stays so when the store has lost that, and somebody comes back who missed it',
  async (t, redis, open) => {
    const relay = await startRelay(t, () => redis.port)
    const url = `redis://127.0.0.1:${relay.port}`
    const [one, two, dead] = [await open(), await open({ url }), await open({ url })]
    const deadId = (await membersOf(dead)).find(({ isSelf }) => isSelf)?.id
    assert.ok(deadId)
    await waitUntil(async () => (await membersOf(two)).length === 3)
    await sleep(2 * QUICK.beatMs)
    relay.set('refuse')
    await dead.leave()
    await waitUntil(async () => (await membersOf(one)).some(({ state }) => state === 'lost'))
    await one.fleet.forget(deadId)
    await redis.restart({ empty: true })
    await waitUntil(() => one.fleet.storeStatus().reachable)
    relay.set('pass')
    await waitUntil(() => two.fleet.storeStatus().reachable)
    await waitUntil(async () => (await membersOf(one)).every(({ state }) => state === 'live'))
    assert.equal((await membersOf(one)).length, 2)
    assert.equal((await one.control.enter({ wait: 'drained' })).wait.outcome, 'complete')
  }
)

fleetTest(
  'whoever decides on a store that has lost everything is not overruled by old knowledge',
  async (t, redis, open) => {
    const relay = await startRelay(t, () => redis.port)
    const one = await open({ url: `redis://127.0.0.1:${relay.port}` })
    for (let n = 0; n < 3; n++) {
      await one.control.enter({ message: `${n}` })
      await one.control.leave({})
    }
    relay.set('refuse')
    await redis.restart({ empty: true })
    const two = await open()
    await waitUntil(() => modeOf(two) === 'live')
    await two.control.enter({ message: 'decided anew', wait: 'none' })
    relay.set('pass')
    await waitUntil(() => one.control.site('default').state.message === 'decided anew')
    await waitUntil(() => two.control.revision === one.control.revision)
    assert.ok(one.control.revision > 6, 'revisions only go up')
    assert.equal((await one.control.leave({})).wait.outcome, 'complete')
  }
)

const GOOD = (revision: number): object => ({ revision, sites: {}, windows: [], links: [], bypassKey: null })
const SITE = {
  ...{
    site: 'default',
    mode: 'maintenance',
    revision: 9,
    since: '2030-01-01T00:00:00Z',
    by: null,
    message: null
  },
  ...{
    reason: null,
    until: null,
    onExpiry: 'leave',
    retryAfterSeconds: null,
    paths: [],
    exceptPaths: [],
    maxWaitMs: null
  }
}
for (const [what, body, named] of [
  ['no JSON', '{', /not JSON/],
  ['wrong types', { ...GOOD(9), sites: { default: { ...SITE, until: 7 } } }, /sites\.default: until: 7/],
  [
    'an unknown mode',
    { ...GOOD(9), sites: { default: { ...SITE, mode: 'off' } } },
    /sites\.default: mode: "off"/
  ],
  [
    'a message of control characters',
    { ...GOOD(9), sites: { default: { ...SITE, message: '\0' } } },
    /message/
  ],
  ['another revision than its version', GOOD(8), /revision 8 is not that of its version, 9/],
  ['10 MB', { ...GOOD(9), padding: 'x'.repeat(10_000_000) }, /has 10\d{6} bytes/]
] as const) {
  fleetTest(
    `a document with ${what} is not taken, and the log names what is wrong`,
    async (_t, redis, open) => {
      const one = await open()
      await one.control.enter({ message: 'good' })
      const epoch = await redis.cli('HGET', DOC, 'epoch')
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      await redis.pipe(['HSET', DOC, 'epoch', epoch, 'rev', '9', 'id', '0123456789abcdef', 'body', text])
      await waitUntil(() => one.told.some((line) => named.test(line)))
      await sleep(2 * QUICK.beatMs)
      assert.equal(one.told.filter((line) => named.test(line)).length, 1, 'it is said once')
      assert.deepEqual([modeOf(one), one.control.site('default').state.message], ['maintenance', 'good'])
      assert.match((await membersOf(one))[0]?.refused ?? '', named)
      // An operator's next change takes its place.
      await one.control.leave({})
      assert.equal(modeOf(one), 'live')
      assert.equal(JSON.parse(await redis.cli('HGET', DOC, 'body')).sites.default.mode, 'live')
    }
  )
}

fleetTest('HTML in a message is only text', async (_t, redis, open) => {
  const one = await open()
  await one.control.enter({})
  const epoch = await redis.cli('HGET', DOC, 'epoch')
  const body = { ...GOOD(9), sites: { default: { ...SITE, message: '<script>alert(1)</script>' } } }
  await redis.pipe([
    'HSET',
    DOC,
    'epoch',
    epoch,
    'rev',
    '9',
    'id',
    '0123456789abcdef',
    'body',
    JSON.stringify(body)
  ])
  await waitUntil(() => one.control.site('default').state.message === '<script>alert(1)</script>')
})

fleetTest('keys of a wrong kind are a store that cannot be used', async (_t, redis, open) => {
  const one = await open()
  await one.control.enter({})
  await redis.cli('DEL', 'im:{default}:mem')
  await redis.cli('SET', 'im:{default}:mem', 'nonsense')
  await waitUntil(() => !one.fleet.storeStatus().reachable)
  assert.ok(one.told.some((line) => line.includes('WRONGTYPE')))
  assert.equal(modeOf(one), 'maintenance')
})
