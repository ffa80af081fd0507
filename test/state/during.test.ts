import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type MaintenanceDeps, type OpenMaintenance, openMaintenance } from '../../src/state/maintenance.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import { brittle } from '../helpers/brittle-store.ts'

async function open(t: TestContext, deps: Partial<MaintenanceDeps> = {}): Promise<OpenMaintenance> {
  const maintenance = await openMaintenance({ store: createMemoryStore(), ...deps })
  t.after(() => maintenance.close())
  return maintenance
}

const fail = (): Promise<never> => Promise.reject(new Error('the migration failed'))

test('closes the site for as long as the work takes, and gives what the work gives', async (t) => {
  const maintenance = await open(t)
  const result = await maintenance.during({ message: 'Moving', by: 'deploy', reason: 'v2' }, async () => {
    await sleep(10)
    return `${maintenance.state.mode}: ${maintenance.state.message}`
  })
  assert.equal(result, 'maintenance: Moving')
  const { mode, by, reason } = maintenance.state
  assert.deepEqual([mode, by, reason], ['live', 'deploy', 'v2'])
})

test('opens the site when the work fails, or keeps it closed when asked to', async (t) => {
  const maintenance = await open(t)
  await assert.rejects(maintenance.during({}, fail), /the migration failed/)
  assert.equal(maintenance.state.mode, 'live')
  await assert.rejects(maintenance.during({ onError: 'stay' }, fail), /the migration failed/)
  assert.equal(maintenance.state.mode, 'maintenance')
  await maintenance.leave()
  await assert.rejects(
    maintenance.during({ onError: 'never' as never }, () => assert.fail('it began')),
    { field: 'onError' }
  )
})

test('begins the work only when the wait was fulfilled, and opens the site if it was not', async (t) => {
  const maintenance = await open(t)
  const { inFlight } = maintenance
  const untouched = { request: {} as never, isUpgraded: false, withdraw: () => false }
  const request = { ...untouched, abort: () => {}, close: () => {} }
  inFlight.begin(request)
  await assert.rejects(
    maintenance.during({ wait: 'drained', timeout: '20ms' }, () => assert.fail('it began')),
    { code: 'ERR_WAIT_UNFULFILLED', message: /not begun: not-proven, 1 requests in flight/ }
  )
  assert.equal(maintenance.state.mode, 'live')
  setTimeout(() => inFlight.end(request), 20)
  const running = await maintenance.during({ wait: 'drained' }, async () => inFlight.count)
  assert.equal(running, 0)
})

test('goes back to what somebody had entered before, also when one is inside the other', async (t) => {
  const maintenance = await open(t)
  await maintenance.enter({ mode: 'read-only', message: 'Moving house', by: 'ann' })
  const { revision, ...before } = maintenance.state
  await maintenance.during({ message: 'outer' }, async () => {
    await maintenance.during({ message: 'inner', mode: 'hold' }, async () => {
      assert.equal(maintenance.state.mode, 'hold')
    })
    assert.equal(maintenance.state.message, 'outer')
  })
  const { revision: later, ...after } = maintenance.state
  assert.deepEqual(after, before)
  assert.equal(later, revision + 4)
})

test('what somebody enters meanwhile is theirs and stays', async (t) => {
  const maintenance = await open(t)
  await maintenance.during({ message: 'ours' }, () => maintenance.enter({ message: 'theirs' }))
  assert.deepEqual([maintenance.state.mode, maintenance.state.message], ['maintenance', 'theirs'])
})

test('a window that began meanwhile takes over without a moment of live', async (t) => {
  const maintenance = await open(t)
  const modes: string[] = []
  maintenance.onChange(({ mode, by }) => modes.push(`${mode} by ${by}`))
  let id = ''
  await maintenance.during({ by: 'deploy' }, async () => {
    const window = await maintenance.control.addWindow({ from: new Date(), for: '1h', mode: 'read-only' })
    id = window.id
    await sleep(20)
  })
  assert.deepEqual(modes, ['maintenance by deploy', `read-only by window ${id}`])
})

test('a store that fails at the end is told: by the error, or beside that of the work', async (t) => {
  const store = brittle(createMemoryStore())
  const errors: string[] = []
  const maintenance = await open(t, { store, onError: (error, doing) => errors.push(`${doing}: ${error}`) })
  const breaks = async (): Promise<void> => {
    store.broken = true
  }
  await assert.rejects(maintenance.during({}, breaks), /the disk is full/)
  assert.equal(maintenance.state.mode, 'maintenance')
  store.broken = false
  await maintenance.leave()
  await assert.rejects(
    maintenance.during({}, async () => {
      store.broken = true
      await fail()
    }),
    /the migration failed/
  )
  assert.deepEqual(errors, ['leaving after work that failed: Error: the disk is full'])
})
