import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { IntermissionError } from '../../src/errors.ts'
import { type Control, type ControlDeps, openControl } from '../../src/state/control.ts'
import { createFileStore } from '../../src/state/file-store.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import type { StateStore } from '../../src/state/store.ts'
import { entered, waitUntil } from '../helpers/store-contract.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const SITES = ['shop', 'blog', 'docs']

async function open(t: TestContext, deps: Partial<ControlDeps> = {}): Promise<Control> {
  const control = await openControl({ store: createMemoryStore(), sites: SITES, ...deps })
  t.after(() => control.close())
  return control
}

const modes = (control: Control): string[] => control.siteNames.map((name) => control.site(name).state.mode)

test('one change enters one site, or all of them; one change leaves them', async (t) => {
  const control = await open(t)
  const one = await control.enter({ site: 'blog', message: 'one' })
  assert.deepEqual([one.revision, one.documents.map(({ site }) => site)], [1, ['blog']])
  assert.deepEqual(modes(control), ['live', 'maintenance', 'live'])
  const all = await control.enter({ mode: 'read-only', message: 'all' })
  assert.equal(control.revision, 2)
  assert.deepEqual(
    all.documents.map(({ site, mode, revision }) => [site, mode, revision]),
    SITES.map((site) => [site, 'read-only', 2])
  )
  assert.deepEqual(modes(control), ['read-only', 'read-only', 'read-only'])
  const left = await control.leave({ by: 'ann' })
  assert.deepEqual(
    [control.revision, left.documents.length, modes(control)],
    [3, 3, ['live', 'live', 'live']]
  )
})

test('a document keeps the revision at which it changed, and a repeat changes nothing', async (t) => {
  const control = await open(t)
  await control.enter({ site: 'shop', message: 'same' })
  const all = await control.enter({ message: 'same' })
  assert.deepEqual([all.revision, all.documents.map(({ revision }) => revision)], [2, [1, 2, 2]])
  const again = await control.enter({ message: 'same' })
  assert.deepEqual(again.documents, all.documents)
  await control.leave({})
  const left = await control.leave({})
  assert.deepEqual([control.revision, left.revision], [3, 3])
  const [{ sites } = assert.fail()] = await control.history()
  assert.deepEqual(sites, SITES)
})

test('a revision that somebody insists on is that of the site, or the highest of several', async (t) => {
  const control = await open(t)
  const stale = { code: 'ERR_STATE_CONFLICT' }
  await control.enter({ site: 'shop', ifRevision: 0 })
  await control.enter({ site: 'blog', ifRevision: 0 })
  await assert.rejects(control.enter({ site: 'shop', ifRevision: 2 }), stale)
  await assert.rejects(control.leave({ ifRevision: 1 }), stale)
  await assert.rejects(control.addWindow({ from: new Date(), for: '1h', ifRevision: 1 }), stale)
  await control.addLink({ ifRevision: 2 })
  await control.leave({ site: 'shop', ifRevision: 1 })
  await control.leave({ ifRevision: 4 })
  assert.deepEqual(modes(control), ['live', 'live', 'live'])
})

test('of many operators who saw the same, exactly one wins, and the others are told', async (t) => {
  const path = `${tempDir(t)}/state.json`
  const controls = await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const store = createFileStore({ path })
      t.after(() => store.close())
      return open(t, { store })
    })
  )
  for (let round = 0; round < 5; round++) {
    const seen = controls[0]?.site('shop').state.revision ?? 0
    await waitUntil(() => controls.every((each) => each.site('shop').state.revision === seen))
    const results = await Promise.allSettled(
      controls.map((each, n) => each.enter({ site: 'shop', message: `${round} ${n}`, ifRevision: seen }))
    )
    const won = results.flatMap((each) => (each.status === 'fulfilled' ? each.value.documents : []))
    assert.equal(won.length, 1)
    for (const each of results)
      if (each.status === 'rejected')
        assert.equal((each.reason as IntermissionError).code, 'ERR_STATE_CONFLICT')
    await waitUntil(() => controls.every((each) => each.site('shop').state.message === won[0]?.message))
  }
})

test('operators who insist on nothing all get through, each with a revision of their own, on record', async (t) => {
  const path = `${tempDir(t)}/state.json`
  const controls = await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const store = createFileStore({ path })
      t.after(() => store.close())
      return open(t, { store })
    })
  )
  const all = await Promise.all(
    controls.flatMap((each, n) => [each.enter({ message: `${n} a` }), each.enter({ message: `${n} b` })])
  )
  assert.equal(new Set(all.map(({ revision }) => revision)).size, 8)
  const history = (await controls[0]?.history()) ?? []
  assert.deepEqual(
    history.map(({ revision }) => revision),
    [8, 7, 6, 5, 4, 3, 2, 1]
  )
  for (const { revision, documents } of all)
    assert.equal(history.find((each) => each.revision === revision)?.message, documents[0]?.message)
})

test('a reload brings and takes sites; what is stored of those that are gone stays', async (t) => {
  const store = createMemoryStore()
  const control = await open(t, { store })
  await control.enter({ site: 'docs', message: 'kept' })
  control.setSites(['shop', 'wiki'])
  assert.deepEqual(control.siteNames, ['shop', 'wiki'])
  assert.throws(() => control.site('docs'), { field: 'site', message: /one of the sites shop, wiki/ })
  assert.equal(control.local('docs'), undefined)
  await control.enter({ message: 'all' })
  assert.deepEqual(Object.keys((await store.read())?.sites ?? {}), ['docs', 'shop', 'wiki'])
  control.setSites(SITES)
  assert.deepEqual(modes(control), ['maintenance', 'live', 'maintenance'])
  assert.equal(control.site('docs').state.message, 'kept')
})

test('a site that comes while a window for every site is running begins in it', async (t) => {
  const control = await open(t, { sites: ['shop'] })
  await control.addWindow({ from: new Date(), for: '1h' })
  await waitUntil(() => control.site('shop').state.mode === 'maintenance')
  control.setSites(['shop', 'blog'])
  await waitUntil(() => control.site('blog').state.mode === 'maintenance')
})

test('what is told of a change: the documents, and the record where it was made', async (t) => {
  const store = createMemoryStore()
  const [control, other] = [await open(t, { store }), await open(t, { store })]
  const here: unknown[] = []
  const there: unknown[] = []
  control.onChange((documents, change) => here.push([documents.map(({ site }) => site), change?.action]))
  other.onChange((documents, change) => there.push([documents.map(({ site }) => site), change?.action]))
  await control.enter({ site: 'blog' })
  const { id } = await control.addLink()
  await control.revokeLink(id)
  assert.deepEqual(here, [
    [['blog'], 'enter'],
    [[], 'link-add'],
    [[], 'link-revoke']
  ])
  assert.deepEqual(there, [
    [['blog'], undefined],
    [[], undefined],
    [[], undefined]
  ])
})

test('a store that cannot be reached yet leaves the mode unknown, and is asked until it can be', async (t) => {
  const backend = createMemoryStore()
  await backend.write(entered('shop', 'one'), 0, {} as never)
  let isReachable = false
  const store: StateStore = {
    ...backend,
    read: async () => {
      if (!isReachable) throw new IntermissionError('ERR_STORE_UNREACHABLE', 'nobody listens')
      return backend.read()
    }
  }
  const errors: string[] = []
  const control = await open(t, { store, onError: (error, doing) => errors.push(`${doing}: ${error}`) })
  assert.deepEqual([control.isKnown, control.site('shop').isKnown], [false, false])
  assert.deepEqual(errors, ['reading the state: IntermissionError: nobody listens'])
  await assert.rejects(control.enter({}), { code: 'ERR_STORE_UNREACHABLE' })
  let isTold = false
  control.onChange(() => {
    isTold = control.isKnown
  })
  isReachable = true
  await waitUntil(() => control.isKnown)
  assert.ok(isTold)
  assert.equal(control.site('shop').state.message, 'one')
  assert.equal((await control.enter({ site: 'shop', message: 'two' })).revision, 2)
})

test('names of sites that cannot be are refused', async () => {
  for (const sites of [[], [''], ['a', 'a'], ['a\nb\u0000'], ['x'.repeat(65)], [5 as never]])
    await assert.rejects(openControl({ store: createMemoryStore(), sites }), { field: 'sites' })
})

test('a request that names a site which is not there, or what a site has no field for, is refused', async (t) => {
  const control = await open(t)
  await assert.rejects(control.enter({ site: 'nowhere' }), { field: 'site' })
  await assert.rejects(control.leave({ site: '' }), { field: 'site' })
  await assert.rejects(control.addWindow({ site: 'nowhere', from: new Date(), for: '1h' }), { field: 'site' })
  await assert.rejects(control.site('shop').enter({ site: 'blog' } as never), { field: 'site' })
  assert.equal(control.revision, 0)
})

test('however much is planned, a site can be closed', async (t) => {
  const control = await open(t, { store: createMemoryStore() })
  const long = { label: 'x'.repeat(2000), reason: 'y'.repeat(2000) }
  await assert.rejects(
    async () => {
      for (;;) await control.addLink(long)
    },
    { code: 'ERR_INPUT_INVALID', field: 'state', message: /at most 614400 bytes/ }
  )
  await control.enter({ message: 'x'.repeat(2000), reason: 'y'.repeat(2000) })
  assert.ok(modes(control).every((mode) => mode === 'maintenance'))
})

test('the largest state that is taken and the longest history fit into one file', async (t) => {
  const path = `${tempDir(t)}/state.json`
  const store = createFileStore({ path })
  t.after(() => store.close())
  const control = await open(t, {
    store,
    sites: Array.from({ length: 100 }, (_, n) => `${n}`.padEnd(64, '字'))
  })
  const long = { message: '語'.repeat(2000), reason: '語'.repeat(2000), by: '語'.repeat(2000) }
  const full = { code: 'ERR_INPUT_INVALID', field: 'state', message: /at most 716800 bytes/ }
  await assert.rejects(control.enter(long), full)
  let n = 0
  for (; n < 100; n++) {
    try {
      await control.enter({ site: control.siteNames[n] ?? '', ...long })
    } catch (error) {
      assert.equal((error as { field: string }).field, 'state')
      break
    }
  }
  assert.ok(n > 30 && n < 100, `${n} of the largest documents`)
  const first = control.siteNames[0] ?? ''
  for (let round = 0; round < 60; round++) {
    await control.leave({ site: first, reason: long.reason, by: long.by })
    await control.enter({ site: first, ...long })
  }
  const history = await control.history()
  assert.equal(history.length, 100)
  assert.deepEqual([history[0]?.message?.length, history[0]?.by?.length], [200, 100])
  await control.leave({})
  assert.ok(modes(control).every((mode) => mode === 'live'))
})
