/**
 * What every engine of the state must do. Each engine's test runs it; two instances on one backend are the promise.
 */
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { initialDocument, type StateDocument } from '../../src/state/document.ts'
import type { StateStore } from '../../src/state/store.ts'
import { enterMaintenance } from '../../src/state/transitions.ts'

export interface StoreContract {
  /** Opens a store on a backend of its own; the same `backend` means the same data. */
  create(t: TestContext, backend: string): StateStore
  /** Whether two instances see the same data. */
  shared: boolean
}

export function storeContract(name: string, { create, shared }: StoreContract): void {
  test(`${name}: knows nothing of a site that was never written`, async (t) => {
    const store = create(t, 'a')
    assert.equal(await store.read('default'), undefined)
  })

  test(`${name}: gives back what was written, for each site apart`, async (t) => {
    const store = create(t, 'a')
    await store.write(entered('default', 'one'), 0)
    await store.write(entered('shop', 'two'), 0)
    assert.deepEqual(await store.read('default'), entered('default', 'one'))
    assert.deepEqual(await store.read('shop'), entered('shop', 'two'))
    assert.equal(await store.read('other'), undefined)
  })

  test(`${name}: keeps a site apart whose name is that of an object's own member`, async (t) => {
    const store = create(t, 'a')
    await store.write(entered('__proto__', 'one'), 0)
    assert.deepEqual(await store.read('__proto__'), entered('__proto__', 'one'))
    assert.equal(await store.read('constructor'), undefined)
  })

  test(`${name}: refuses a write that expects another revision and keeps what it has`, async (t) => {
    const store = create(t, 'a')
    await store.write(entered('default', 'one'), 0)
    for (const expected of [0, 2]) {
      await assert.rejects(store.write(entered('default', 'two'), expected), { code: 'ERR_STATE_CONFLICT' })
    }
    assert.deepEqual(await store.read('default'), entered('default', 'one'))
  })

  test(`${name}: lets exactly one of many writers win a revision`, async (t) => {
    const store = create(t, 'a')
    const writes = Array.from({ length: 10 }, (_, n) => store.write(entered('default', `writer ${n}`), 0))
    const results = await Promise.allSettled(writes)
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  })

  test(`${name}: cannot be changed through a document that it gave or got`, async (t) => {
    const store = create(t, 'a')
    const written = entered('default', 'one')
    await store.write(written, 0)
    written.message = 'changed'
    const read = await store.read('default')
    assert.ok(read)
    read.paths.push('/changed')
    assert.deepEqual(await store.read('default'), entered('default', 'one'))
  })

  test(`${name}: tells its subscribers until they leave, even when one of them throws`, async (t) => {
    const store = create(t, 'a')
    const seen: number[] = []
    store.subscribe(() => {
      throw new Error('a listener that fails')
    })
    const unsubscribe = store.subscribe(({ revision }) => seen.push(revision))
    const first = entered('default', 'one')
    await store.write(first, 0)
    await waitUntil(() => seen.length === 1)
    unsubscribe()
    await store.write({ ...first, revision: 2 }, 1)
    assert.deepEqual(seen, [1])
  })

  if (!shared) return

  test(`${name}: shares data, conflicts and news between two instances`, async (t) => {
    const [one, other] = [create(t, 'a'), create(t, 'a')]
    const seen: StateDocument[] = []
    other.subscribe((document) => seen.push(document))
    await one.write(entered('default', 'one'), 0)
    assert.deepEqual(await other.read('default'), entered('default', 'one'))
    await assert.rejects(other.write(entered('default', 'two'), 0), { code: 'ERR_STATE_CONFLICT' })
    await waitUntil(() => seen.length > 0)
    assert.deepEqual(seen, [entered('default', 'one')])
  })

  test(`${name}: lets exactly one of many instances win a revision`, async (t) => {
    const stores = Array.from({ length: 8 }, () => create(t, 'a'))
    const results = await Promise.allSettled(
      stores.map((each, n) => each.write(entered('default', `${n}`), 0))
    )
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1)
  })
}

/** A document of a site that has just been entered, the same whenever it is made. */
export function entered(site: string, message: string): StateDocument {
  return enterMaintenance(initialDocument(site), { message }, Date.UTC(2030, 0, 1))
}

/** Waits for something that happens by itself, for at most 10 s. */
export async function waitUntil(condition: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + 10_000
  while (!(await condition())) {
    assert.ok(Date.now() < endMs, 'this has not happened within 10 s')
    await sleep(10)
  }
}
