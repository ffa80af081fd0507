import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Control, type ControlDeps, openControl } from '../../src/state/control.ts'
import type { InFlight, InFlightEntry } from '../../src/state/in-flight.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import type { EnterRequest } from '../../src/state/request.ts'

async function open(t: TestContext, deps: Partial<ControlDeps> = {}): Promise<Control> {
  const control = await openControl({ store: createMemoryStore(), sites: ['shop', 'blog'], ...deps })
  t.after(() => control.close())
  return control
}

function begin(inFlight: InFlight): InFlightEntry {
  const request: InFlightEntry = {
    ...{ request: {} as never, isUpgraded: false, withdraw: () => false },
    abort: () => inFlight.end(request),
    close: () => inFlight.end(request)
  }
  inFlight.begin(request)
  return request
}

test('to wait for a drain is to wait for what was in flight before, on the sites that are entered', async (t) => {
  const control = await open(t)
  const [shop, blog] = [control.site('shop'), control.site('blog')]
  const before = begin(shop.inFlight)
  begin(blog.inFlight)
  let isAnswered = false
  const entering = shop.enter({ wait: 'drained' }).finally(() => {
    isAnswered = true
  })
  await sleep(20)
  assert.equal(shop.state.mode, 'maintenance', 'it is in force while the wait goes on')
  assert.equal(isAnswered, false)
  begin(shop.inFlight)
  shop.inFlight.end(before)
  assert.deepEqual((await entering).wait, {
    ...{ outcome: 'complete', members: 1, applied: 1, drained: 1 },
    ...{ inFlight: 0, abandoned: 0, oldestMs: null, lost: [] }
  })
})

test('a drain that takes too long is told with what is still running; the mode stays', async (t) => {
  const control = await open(t)
  begin(control.site('shop').inFlight)
  begin(control.site('blog').inFlight)
  await sleep(20)
  const { wait, documents } = await control.enter({ wait: 'drained', timeout: '30ms' })
  assert.deepEqual([wait.outcome, wait.applied, wait.drained, wait.inFlight], ['not-proven', 1, 0, 2])
  assert.ok((wait.oldestMs ?? 0) >= 49)
  assert.deepEqual(
    documents.map(({ mode }) => mode),
    ['maintenance', 'maintenance']
  )
})

test('a repeat waits for the same drain again, and changes nothing', async (t) => {
  const control = await open(t)
  const shop = control.site('shop')
  const request = begin(shop.inFlight)
  const first = await shop.enter({ wait: 'drained', timeout: '1ms' })
  assert.equal(first.wait.outcome, 'not-proven')
  const again = shop.enter({ wait: 'drained', timeout: '10s' })
  await sleep(10)
  shop.inFlight.end(request)
  const second = await again
  assert.deepEqual([second.wait.outcome, second.revision], ['complete', first.revision])
})

test('by force, what is left is cut at the end of the time', async (t) => {
  const control = await open(t)
  begin(control.site('shop').inFlight)
  const { wait } = await control.enter({ site: 'shop', wait: 'drained', timeout: '30ms', force: true })
  assert.deepEqual([wait.outcome, wait.inFlight], ['complete', 0])
  assert.equal(control.site('shop').inFlight.count, 0)
})

test('a wait ends at once when somebody changes the site again, and nothing is cut', async (t) => {
  const control = await open(t)
  const shop = control.site('shop')
  begin(shop.inFlight)
  const entering = shop.enter({ wait: 'drained', timeout: '10s', force: true })
  await sleep(10)
  await control.enter({ site: 'blog' })
  await shop.leave()
  assert.equal((await entering).wait.outcome, 'superseded')
  assert.equal(shop.inFlight.count, 1)
})

test('closing ends all waits, which keep no process alive then', async (t) => {
  const control = await open(t)
  begin(control.site('shop').inFlight)
  const entering = control.enter({ wait: 'drained', timeout: '24h', force: true })
  await sleep(10)
  await control.close()
  assert.deepEqual([(await entering).wait.outcome, control.site('shop').inFlight.count], ['not-proven', 1])
})

test('without a wait, nothing is waited for; leaving knows no drain', async (t) => {
  const control = await open(t)
  begin(control.site('shop').inFlight)
  assert.equal((await control.enter({ wait: 'none' })).wait.outcome, 'complete')
  assert.equal((await control.leave({ wait: 'none' })).wait.outcome, 'complete')
  await assert.rejects(control.leave({ wait: 'drained' as never }), { field: 'wait' })
})

const refused: [string, EnterRequest][] = [
  ['wait', { wait: 'forever' as never }],
  ['timeout', { timeout: '60' }],
  ['timeout', { timeout: '25h' }],
  ['timeout', { timeout: '0s' }],
  ['force', { force: 'yes' as never }]
]
for (const [field, request] of refused) {
  test(`a request that says ${JSON.stringify(request)} is refused before anything changes`, async (t) => {
    const control = await open(t)
    await assert.rejects(control.enter(request), { field })
    assert.equal(control.revision, 0)
  })
}

test('the barrier of a fleet is asked after the change is stored and in force, and may ask the local one', async (t) => {
  const store = createMemoryStore()
  const asked: unknown[] = []
  const control = await open(t, {
    store,
    barrier: (local) => ({
      async wait(query) {
        asked.push({
          ...query,
          stored: (await store.read())?.revision,
          mode: control.site('shop').state.mode
        })
        return { ...(await local.wait(query)), members: 3, lost: ['one'], outcome: 'not-proven' }
      }
    })
  })
  const { wait } = await control.enter({ mode: 'hold', wait: 'drained' })
  assert.deepEqual(asked, [
    {
      ...{ revision: 1, sites: ['shop', 'blog'], want: 'drained', timeoutMs: 60_000, force: false },
      ...{ stored: 1, mode: 'hold' }
    }
  ])
  assert.deepEqual([wait.members, wait.lost, wait.drained], [3, ['one'], 1])
})
