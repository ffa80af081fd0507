import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFileStore } from '../../src/state/file-store.ts'
import { type Maintenance, type MaintenanceDeps, openMaintenance } from '../../src/state/maintenance.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import type { SharedState } from '../../src/state/shared-state.ts'
import { leaveSites } from '../../src/state/transitions.ts'
import { brittle } from '../helpers/brittle-store.ts'
import { documentIn, entered } from '../helpers/store-contract.ts'
import { tempDir } from '../helpers/temp-dir.ts'

async function open(t: TestContext, deps: MaintenanceDeps): Promise<Maintenance> {
  const maintenance = await openMaintenance(deps)
  t.after(() => maintenance.close())
  return maintenance
}

test('a site that nobody touched is live, and entering and leaving is stored when it resolves', async (t) => {
  const store = createMemoryStore()
  const maintenance = await open(t, { store })
  assert.equal(maintenance.state.mode, 'live')
  assert.equal(maintenance.state.revision, 0)
  const { wait, ...entering } = await maintenance.enter({ message: 'Back soon', by: 'ann' })
  assert.deepEqual([wait.outcome, wait.members, wait.applied], ['complete', 1, 1])
  assert.deepEqual(entering, maintenance.state)
  assert.deepEqual(documentIn(await store.read()), entering)
  const { wait: _, ...leaving } = await maintenance.leave({ by: 'bob' })
  assert.deepEqual([leaving.mode, leaving.by, leaving.revision], ['live', 'bob', 2])
  assert.deepEqual(documentIn(await store.read()), leaving)
  const { wait: __, ...again } = await maintenance.leave()
  assert.deepEqual(again, leaving)
})

test('changes are told in order, each once, and a listener that fails harms nobody', async (t) => {
  const errors: string[] = []
  const onError = (error: unknown, doing: string): number => errors.push(`${doing}: ${error}`)
  const maintenance = await open(t, { store: createMemoryStore(), onError })
  const seen: string[] = []
  maintenance.onChange(() => {
    throw new Error('a listener that fails')
  })
  const forget = maintenance.onChange(({ mode, revision }) => seen.push(`${revision} ${mode}`))
  await Promise.all([maintenance.enter(), maintenance.leave(), maintenance.enter({ message: 'again' })])
  assert.deepEqual(seen, ['1 maintenance', '2 live', '3 maintenance'])
  assert.equal(errors.length, 3)
  assert.match(errors[0] ?? '', /telling of a change of mode: Error: a listener that fails/)
  forget()
  await maintenance.leave()
  assert.equal(seen.length, 3)
})

test('what is refused, or cannot be stored, changes nothing', async (t) => {
  const store = brittle(createMemoryStore())
  const maintenance = await open(t, { store })
  const before = maintenance.state
  await assert.rejects(maintenance.enter({ for: 'soon' }), { field: 'for' })
  await assert.rejects(maintenance.enter({ ifRevision: 5 }), { code: 'ERR_STATE_CONFLICT' })
  store.broken = true
  await assert.rejects(maintenance.enter(), /the disk is full/)
  assert.equal(maintenance.state, before)
  assert.equal(await store.read(), undefined)
  store.broken = false
  assert.equal((await maintenance.enter()).revision, 1)
})

test('two on one store see each other, and a change that lost the race is made on top of the winner', async (t) => {
  const store = createMemoryStore()
  const deaf = { ...store, subscribe: () => () => {} }
  const one = await open(t, { store })
  const other = await open(t, { store: deaf })
  await one.enter({ message: 'one' })
  assert.equal(other.state.mode, 'live')
  const { wait, ...second } = await other.enter({ message: 'other' })
  assert.deepEqual([second.revision, second.since], [2, one.state.since])
  assert.deepEqual(one.state, second)

  await one.enter({ message: 'three' })
  await assert.rejects(other.leave({ ifRevision: 2 }), { code: 'ERR_STATE_CONFLICT' })
  assert.equal(other.state.message, 'three', 'what was learnt by the conflict is in force')
  await one.enter({ message: 'four' })
  assert.equal(
    (await other.leave({ ifRevision: 4 })).revision,
    5,
    'a revision that only the store knows counts'
  )
})

test('news that is older than what is known is ignored', async (t) => {
  const store = createMemoryStore()
  let tell: (state: SharedState) => void = () => {}
  const maintenance = await open(t, {
    store: {
      ...store,
      subscribe: (listener) => {
        tell = listener
        return () => {}
      }
    }
  })
  const { revision } = await maintenance.enter({ message: 'now' })
  const old = entered('default', 'old')
  tell({ ...old, revision })
  assert.equal(maintenance.state.message, 'now')
  tell(entered('other site', 'new', await store.read()))
  assert.equal(maintenance.state.message, 'now')
  tell({ ...entered('default', 'new'), revision: revision + 2 })
  assert.equal(maintenance.state.message, 'new')
})

test('a state file that disappears changes nothing, and the next change makes it again', async (t) => {
  const path = `${tempDir(t)}/state.json`
  const store = createFileStore({ path })
  const maintenance = await open(t, { store })
  t.after(() => store.close())
  await maintenance.enter({ message: 'one' })
  await maintenance.enter({ message: 'two' })
  rmSync(path)
  const { wait, ...left } = await maintenance.leave()
  assert.deepEqual([left.mode, left.revision], ['live', 3])
  assert.deepEqual(documentIn(await store.read()), left)
  assert.equal((await store.read())?.revision, 3)
})

test('a call that repeats what is so vouches for the file: it is there, or the call fails', async (t) => {
  const path = `${tempDir(t)}/state.json`
  const store = createFileStore({ path })
  const maintenance = await open(t, { store })
  t.after(() => store.close())
  const { revision } = await maintenance.enter({ message: 'one' })
  rmSync(path)
  assert.equal((await maintenance.enter({ message: 'one' })).revision, revision)
  const next = createFileStore({ path })
  t.after(() => next.close())
  assert.equal(documentIn(await next.read())?.message, 'one', 'what the next start finds')
  writeFileSync(path, 'garbage')
  await assert.rejects(maintenance.enter({ message: 'one' }), { code: 'ERR_STATE_UNREADABLE' })
})

test('a store that cannot be read is an error at once', async () => {
  const broken = { ...createMemoryStore(), read: () => Promise.reject(new Error('unreadable')) }
  await assert.rejects(openMaintenance({ store: broken }), /unreadable/)
})

test('closing finishes the change under way, and then nothing can be changed or comes in', async (t) => {
  const store = createMemoryStore()
  const maintenance = await open(t, { store })
  const entering = maintenance.enter({ until: new Date(Date.now() + 50) })
  await maintenance.close()
  const { revision } = await entering
  await assert.rejects(maintenance.leave(), /closed/)
  await sleep(100)
  assert.equal(maintenance.state.mode, 'maintenance')
  const step = leaveSites((await store.read()) as SharedState, ['default'], ['default'], {}, Date.now())
  assert.ok(step)
  await store.write(step.state, revision, step.change)
  assert.equal(maintenance.state.mode, 'maintenance')
})
