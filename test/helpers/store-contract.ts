/**
 * What every engine of the state must do. Each engine's test runs it; two instances on one backend are the promise.
 */
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StateDocument } from '../../src/state/document.ts'
import { type Change, createChange } from '../../src/state/history.ts'
import { documentOf, emptyState, type SharedState } from '../../src/state/shared-state.ts'
import type { StateStore } from '../../src/state/store.ts'
import { enterSites } from '../../src/state/transitions.ts'

export interface StoreContract {
  /** Opens a store on a backend of its own; the same `backend` means the same data. */
  create(t: TestContext, backend: string): StateStore | Promise<StateStore>
  /** Whether two instances see the same data. */
  shared: boolean
}

export function storeContract(name: string, { create, shared }: StoreContract): void {
  test(`${name}: knows nothing before the first write`, async (t) => {
    const store = await create(t, 'a')
    assert.equal(await store.read(), undefined)
    assert.deepEqual(await store.history(), [])
  })

  test(`${name}: gives back what was written, for each site apart`, async (t) => {
    const store = await create(t, 'a')
    const one = entered('default', 'one')
    const both = entered('shop', 'two', one)
    await store.write(one, 0, changeOf(one))
    await store.write(both, 1, changeOf(both))
    assert.deepEqual(await store.read(), both)
    assert.deepEqual(Object.keys(both.sites), ['default', 'shop'])
  })

  test(`${name}: gives back all kinds of things that are shared`, async (t) => {
    const store = await create(t, 'a')
    await store.write(FULL, 0, changeOf(FULL))
    assert.deepEqual(await store.read(), FULL)
  })

  test(`${name}: keeps a site apart whose name is that of an object's own member`, async (t) => {
    const store = await create(t, 'a')
    const state = entered('__proto__', 'one')
    await store.write(state, 0, changeOf(state))
    const read = await store.read()
    assert.deepEqual(read, state)
    assert.deepEqual(Object.keys(read?.sites ?? {}), ['__proto__'])
    assert.equal(Object.hasOwn(read?.sites ?? {}, 'constructor'), false)
  })

  test(`${name}: refuses a write that expects another revision and keeps what it has`, async (t) => {
    const store = await create(t, 'a')
    const one = entered('default', 'one')
    await store.write(one, 0, changeOf(one))
    for (const expected of [0, 2]) {
      const two = { ...entered('default', 'two'), revision: expected + 1 }
      await assert.rejects(store.write(two, expected, changeOf(two)), { code: 'ERR_STATE_CONFLICT' })
    }
    assert.deepEqual(await store.read(), one)
    assert.deepEqual(await store.history(), [changeOf(one)])
  })

  test(`${name}: takes a next revision that is more than one higher`, async (t) => {
    const store = await create(t, 'a')
    const state = { ...entered('default', 'one'), revision: 7 }
    await store.write(state, 0, changeOf(state))
    assert.equal((await store.read())?.revision, 7)
    const next = { ...state, revision: 8 }
    await store.write(next, 7, changeOf(next))
    assert.equal((await store.read())?.revision, 8)
  })

  test(`${name}: lets exactly one of many writers win a revision`, async (t) => {
    const store = await create(t, 'a')
    const writes = Array.from({ length: 10 }, (_, n) => {
      const state = entered('default', `writer ${n}`)
      return store.write(state, 0, changeOf(state))
    })
    const results = await Promise.allSettled(writes)
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
    assert.equal((await store.history()).length, 1)
  })

  test(`${name}: keeps the last 100 changes, newest first`, async (t) => {
    const store = await create(t, 'a')
    let state = emptyState()
    for (let n = 1; n <= 103; n++) {
      state = entered('default', `message ${n}`, state)
      await store.write(state, n - 1, changeOf(state))
    }
    const history = await store.history()
    assert.deepEqual(
      history.map(({ revision }) => revision),
      Array.from({ length: 100 }, (_, n) => 103 - n)
    )
    assert.deepEqual(history[0], changeOf(state))
  })

  test(`${name}: cannot be changed through what it gave or got`, async (t) => {
    const store = await create(t, 'a')
    const written = entered('default', 'one')
    const change = changeOf(written)
    await store.write(written, 0, change)
    documentIn(written).message = 'changed'
    change.by = 'changed'
    const read = await store.read()
    assert.ok(read)
    documentIn(read).paths.push('/changed')
    ;(await store.history()).pop()
    assert.deepEqual(await store.read(), entered('default', 'one'))
    assert.deepEqual(await store.history(), [changeOf(entered('default', 'one'))])
  })

  test(`${name}: tells its subscribers until they leave, even when one of them throws`, async (t) => {
    const store = await create(t, 'a')
    const seen: number[] = []
    store.subscribe(() => {
      throw new Error('a listener that fails')
    })
    const unsubscribe = store.subscribe(({ revision }) => seen.push(revision))
    const first = entered('default', 'one')
    await store.write(first, 0, changeOf(first))
    await waitUntil(() => seen.length === 1)
    unsubscribe()
    const second = { ...first, revision: 2 }
    await store.write(second, 1, changeOf(second))
    assert.deepEqual(seen, [1])
  })

  if (!shared) return

  test(`${name}: shares data, conflicts, history and news between two instances`, async (t) => {
    const [one, other] = [await create(t, 'a'), await create(t, 'a')]
    const seen: SharedState[] = []
    other.subscribe((state) => seen.push(state))
    const state = entered('default', 'one')
    await one.write(state, 0, changeOf(state))
    // What another one has written is read once it has been told.
    await waitUntil(() => seen.length > 0)
    assert.deepEqual(await other.read(), state)
    assert.deepEqual(await other.history(), [changeOf(state)])
    const late = entered('default', 'two')
    await assert.rejects(other.write(late, 0, changeOf(late)), { code: 'ERR_STATE_CONFLICT' })
    assert.deepEqual(seen, [state])
  })

  test(`${name}: lets exactly one of many instances win a revision`, async (t) => {
    const stores = await Promise.all(Array.from({ length: 8 }, async () => create(t, 'a')))
    const results = await Promise.allSettled(
      stores.map((each, n) => {
        const state = entered('default', `${n}`)
        return each.write(state, 0, changeOf(state))
      })
    )
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  })
}

const AT_MS = Date.UTC(2030, 0, 1)

/** The state after a site has been entered, the same whenever it is made; on top of `before`. */
export function entered(site: string, message: string, before = emptyState()): SharedState {
  return enterSites(before, [site], { message }, AT_MS)?.state ?? before
}

/** The record of whatever made a state. */
export function changeOf({ revision }: SharedState): Change {
  return createChange({ revision, action: 'enter', sites: ['default'] }, AT_MS)
}

/** The document of a site in a state. */
export function documentIn(state: SharedState | undefined, site = 'default'): StateDocument {
  assert.ok(state, 'there is a state')
  return documentOf(state, site, AT_MS)
}

/** A state with something of everything. */
const FULL: SharedState = {
  revision: 1,
  sites: entered('default', 'one').sites,
  windows: [
    {
      ...{
        id: 'w1',
        site: null,
        mode: 'hold',
        from: '2030-01-02T00:00:00.000Z',
        until: '2030-01-02T01:00:00.000Z'
      },
      ...{
        by: 'ann',
        addedAt: '2030-01-01T00:00:00.000Z',
        leftSites: ['shop'],
        message: 'Züge',
        reason: 'disk'
      },
      ...{ onExpiry: 'leave-if-healthy', retryAfterSeconds: 5, paths: ['/a/*'], exceptPaths: ['/a/b'] },
      maxWaitMs: 30_000
    }
  ],
  links: [
    {
      ...{ id: 'l1', site: 'default', label: 'the team', by: null },
      ...{ createdAt: '2030-01-01T00:00:00.000Z', expiresAt: '2030-01-01T12:00:00.000Z' }
    }
  ],
  bypassKey: 'A'.repeat(43)
}

/** Waits for something that happens by itself, for at most 10 s or what is said. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  withinMs = 10_000
): Promise<void> {
  const endMs = Date.now() + withinMs
  while (!(await condition())) {
    assert.ok(Date.now() < endMs, `this has not happened within ${withinMs} ms`)
    await sleep(10)
  }
}
