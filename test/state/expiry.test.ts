import assert from 'node:assert/strict'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { openControl } from '../../src/state/control.ts'
import type { StateDocument } from '../../src/state/document.ts'
import { createFileStore } from '../../src/state/file-store.ts'
import { type Maintenance, type MaintenanceDeps, openMaintenance } from '../../src/state/maintenance.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import { emptyState } from '../../src/state/shared-state.ts'
import type { StateStore } from '../../src/state/store.ts'
import { brittle } from '../helpers/brittle-store.ts'
import { changeOf, documentIn, entered, waitUntil } from '../helpers/store-contract.ts'
import { tempDir } from '../helpers/temp-dir.ts'

async function open(t: TestContext, deps: MaintenanceDeps): Promise<Maintenance> {
  const maintenance = await openMaintenance(deps)
  t.after(() => maintenance.close())
  return maintenance
}

test('maintenance ends by itself when its time has come, and says so', async (t) => {
  const store = createMemoryStore()
  const maintenance = await open(t, { store })
  await maintenance.enter({ until: new Date(Date.now() + 100) })
  await sleep(20)
  assert.equal(maintenance.state.mode, 'maintenance')
  await waitUntil(() => maintenance.state.mode === 'live')
  assert.equal(maintenance.state.by, 'expiry')
  assert.deepEqual(documentIn(await store.read()), maintenance.state)
})

test('an end that is moved counts from then on', async (t) => {
  const maintenance = await open(t, { store: createMemoryStore() })
  await maintenance.enter({ until: new Date(Date.now() + 60) })
  await maintenance.enter({ until: new Date(Date.now() + 3_600_000) })
  await sleep(120)
  assert.equal(maintenance.state.mode, 'maintenance')
  await maintenance.enter()
  await sleep(60)
  assert.equal(maintenance.state.mode, 'maintenance')
})

test('with onExpiry stay, or an end beyond the reach of a timer, it stays', async (t) => {
  const maintenance = await open(t, { store: createMemoryStore() })
  await maintenance.enter({ until: new Date(Date.now() + 50), onExpiry: 'stay' })
  await sleep(120)
  assert.equal(maintenance.state.mode, 'maintenance')
  await maintenance.enter({ for: '360d' })
  await sleep(50)
  assert.equal(maintenance.state.mode, 'maintenance')
})

test('a restart in the middle goes on with the same end; one after it starts live', async (t) => {
  const path = `${tempDir(t)}/state.json`
  const reopen = async (nowMs: number): Promise<StateDocument> => {
    const store = createFileStore({ path })
    const maintenance = await openMaintenance({ store, now: () => nowMs })
    const { state } = maintenance
    await maintenance.close()
    assert.deepEqual(documentIn(await store.read()), state)
    await store.close()
    return state
  }
  const store = createFileStore({ path })
  const maintenance = await openMaintenance({ store })
  const { until } = await maintenance.enter({ message: 'Back soon', for: '30m' })
  await maintenance.close()
  await store.close()

  const endMs = Date.parse(until ?? '')
  const middle = await reopen(endMs - 1)
  assert.deepEqual([middle.mode, middle.message, middle.until], ['maintenance', 'Back soon', until])
  const after = await reopen(endMs)
  assert.deepEqual([after.mode, after.by, after.revision], ['live', 'expiry', 2])
})

test('a clock that is set forward ends it within half a minute', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let nowMs = Date.now()
  const maintenance = await openMaintenance({ store: createMemoryStore(), now: () => nowMs })
  await maintenance.enter({ for: '12h' })
  nowMs += 13 * 3_600_000
  t.mock.timers.tick(29_999)
  assert.equal(maintenance.state.mode, 'maintenance')
  t.mock.timers.tick(1)
  for (let n = 0; n < 20; n++) await Promise.resolve()
  assert.equal(maintenance.state.mode, 'live')
  await maintenance.close()
})

test('an end that cannot be stored is kept all the same, reported, and stored later', async (t) => {
  const store = brittle(createMemoryStore())
  const errors: string[] = []
  const maintenance = await open(t, { store, onError: (error, doing) => errors.push(`${doing}: ${error}`) })
  await maintenance.enter({ until: new Date(Date.now() + 50) })
  store.broken = true
  await waitUntil(() => maintenance.state.mode === 'live')
  assert.match(errors[0] ?? '', /storing what was due: Error: the disk is full/)
  assert.equal(documentIn(await store.read()).mode, 'maintenance')
  await waitUntil(() => store.failures > 1)
  store.broken = false
  await waitUntil(async () => documentIn(await store.read()).mode === 'live')
  assert.deepEqual(documentIn(await store.read()), maintenance.state)
})

test('leaving stores an end that could not be stored before', async (t) => {
  const store = brittle(createMemoryStore())
  const maintenance = await open(t, { store })
  await maintenance.enter({ until: new Date(Date.now() + 50) })
  store.broken = true
  await waitUntil(() => maintenance.state.mode === 'live')
  await assert.rejects(maintenance.leave(), /the disk is full/)
  store.broken = false
  await maintenance.leave()
  assert.equal(documentIn(await store.read()).mode, 'live')
})

test('what another process decided wins over an end that could not be stored', async (t) => {
  const backend = createMemoryStore()
  const store = brittle(backend)
  const maintenance = await open(t, { store })
  const { since } = await maintenance.enter({ until: new Date(Date.now() + 50) })
  store.broken = true
  await waitUntil(() => maintenance.state.mode === 'live')
  const longer = entered('default', 'it takes longer', await backend.read())
  assert.equal(longer.revision, 2)
  await backend.write(longer, 1, changeOf(longer))
  assert.deepEqual(maintenance.state, documentIn(longer))
  assert.equal(maintenance.state.since, since)
})

test('an end that comes just when another process makes it longer is not kept', async (t) => {
  const backend = createMemoryStore()
  const longer = entered('default', 'it takes longer', { ...emptyState(), revision: 1 })
  let raced = false
  const store: StateStore = {
    ...backend,
    async write(next, ...rest) {
      if (documentIn(next).mode === 'live' && !raced) {
        raced = true
        await backend.write(longer, 1, changeOf(longer))
      }
      return backend.write(next, ...rest)
    }
  }
  const maintenance = await open(t, { store })
  const modes: string[] = []
  maintenance.onChange(({ mode }) => modes.push(mode))
  await maintenance.enter({ until: new Date(Date.now() + 50) })
  await waitUntil(() => raced)
  await sleep(50)
  assert.deepEqual(modes, ['maintenance', 'maintenance'])
  assert.deepEqual(maintenance.state, documentIn(longer))
})

test('an end that came while nobody ran is told of at the start, with the record of it', async (t) => {
  const path = join(tempDir(t), 'state.json')
  const before = createFileStore({ path })
  const maintenance = await openMaintenance({ store: before })
  await maintenance.enter({ until: new Date(Date.now() + 100) })
  await maintenance.close()
  await before.close()
  await sleep(150)
  const store = createFileStore({ path })
  const told: [string[], string | undefined][] = []
  const control = await openControl({
    store,
    onChange: (documents, change) => told.push([documents.map(({ mode }) => mode), change?.action])
  })
  t.after(async () => {
    await control.close()
    await store.close()
  })
  assert.deepEqual(told, [
    [['maintenance'], undefined],
    [['live'], 'expire']
  ])
})
