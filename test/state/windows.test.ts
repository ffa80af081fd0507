import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Control, type ControlDeps, openControl } from '../../src/state/control.ts'
import { createFileStore } from '../../src/state/file-store.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import { brittle } from '../helpers/brittle-store.ts'
import { documentIn, waitUntil } from '../helpers/store-contract.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const HOUR = 3_600_000

async function open(t: TestContext, deps: Partial<ControlDeps> = {}): Promise<Control> {
  const control = await openControl({ store: createMemoryStore(), ...deps })
  t.after(() => control.close())
  return control
}

/** Lets everything that is due by a timer of less than `ms` happen. */
async function tick(t: TestContext, ms: number): Promise<void> {
  t.mock.timers.tick(ms)
  for (let n = 0; n < 200; n++) await Promise.resolve()
}

test('a window begins and ends by itself, and is announced before', async (t) => {
  const control = await open(t)
  const site = control.site('default')
  const modes: string[] = []
  site.onChange(({ mode }, before) => modes.push(`${before.mode} to ${mode}`))
  const [from, until] = [new Date(Date.now() + 80), new Date(Date.now() + 1200)]
  const window = await control.addWindow({ from, until, message: 'Moving', mode: 'read-only' })
  assert.deepEqual(site.next, window)
  assert.deepEqual(control.windows(), [window])
  assert.equal(site.state.mode, 'live')
  await waitUntil(() => site.state.mode === 'read-only')
  assert.ok(Date.now() >= from.getTime())
  assert.deepEqual([site.next, site.state.message, site.state.until], [null, 'Moving', until.toISOString()])
  await waitUntil(() => site.state.mode === 'live')
  assert.ok(Date.now() >= until.getTime())
  assert.deepEqual(modes, ['live to read-only', 'read-only to live'])
  assert.deepEqual(control.windows(), [])
  assert.deepEqual(
    (await control.history()).map(({ action, subject, by }) => [action, subject, by]),
    [
      ['expire', null, 'expiry'],
      ['window-begin', window.id, `window ${window.id}`],
      ['window-add', window.id, null]
    ]
  )
})

test('a clock that jumps into a window, or over it, matters within half a minute', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let nowMs = Date.now()
  const control = await open(t, { now: () => nowMs })
  const site = control.site('default')
  await control.addWindow({ from: new Date(nowMs + 10 * HOUR), for: '2h' })
  await tick(t, 29_999)
  nowMs += 11 * HOUR
  await tick(t, 1)
  assert.equal(site.state.mode, 'maintenance')
  nowMs -= 5 * HOUR
  await tick(t, 60_000)
  assert.equal(site.state.mode, 'maintenance', 'what has begun goes on until its end')
  nowMs += 100 * HOUR
  await tick(t, 30_000)
  assert.equal(site.state.mode, 'live')
  assert.deepEqual(control.windows(), [])
})

test('a process that was down when a window began comes up in it, and after its end live', async (t) => {
  const path = `${tempDir(t)}/state.json`
  const store = createFileStore({ path })
  const startMs = Date.now()
  const first = await openControl({ store })
  await first.addWindow({ from: new Date(startMs + HOUR), for: '2h', message: 'Moving' })
  await first.close()
  await store.close()
  for (const [hours, mode] of [
    [0.5, 'live'],
    [1.5, 'maintenance'],
    [2.5, 'maintenance'],
    [3, 'live']
  ] as const) {
    const again = createFileStore({ path })
    const control = await openControl({ store: again, now: () => startMs + hours * HOUR })
    assert.equal(control.site('default').state.mode, mode, `after ${hours} hours`)
    assert.equal(documentIn(await again.read()).mode, mode, 'stored')
    await control.close()
    await again.close()
  }
})

test('a mode that waits for health is overdue until its site is healthy, and asks again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let nowMs = Date.now()
  const answers = [false, new Error('nobody knows'), true]
  const asked: string[] = []
  const errors: string[] = []
  const control = await open(t, {
    sites: ['shop', 'blog'],
    now: () => nowMs,
    onError: (error, doing) => errors.push(`${doing}: ${error}`),
    async isHealthy(site) {
      asked.push(site)
      const answer = answers.shift()
      if (answer instanceof Error) throw answer
      return answer ?? assert.fail('asked too often')
    }
  })
  const shop = control.site('shop')
  await control.enter({ site: 'shop', for: '1h', onExpiry: 'leave-if-healthy' })
  await tick(t, 30_000)
  assert.deepEqual([shop.isOverdue, asked], [false, []])
  nowMs += HOUR
  await tick(t, 30_000)
  assert.deepEqual([shop.isOverdue, shop.state.mode, asked.length], [true, 'maintenance', 1])
  await tick(t, 4999)
  assert.equal(asked.length, 1)
  await tick(t, 1)
  assert.deepEqual([shop.state.mode, asked.length], ['maintenance', 2])
  assert.deepEqual(errors, ['opening site shop once it is healthy: Error: nobody knows'])
  await tick(t, 5000)
  assert.deepEqual([shop.state.mode, shop.state.by, shop.isOverdue], ['live', 'expiry', false])
  await tick(t, 60_000)
  assert.deepEqual(asked, ['shop', 'shop', 'shop'])
})

test('nobody is asked for health any more once somebody has left or moved the end', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let nowMs = Date.now()
  let asked = 0
  const isHealthy = async (): Promise<boolean> => ++asked < 0
  const control = await open(t, { now: () => nowMs, isHealthy })
  await control.enter({ for: '1h', onExpiry: 'leave-if-healthy' })
  nowMs += 2 * HOUR
  await tick(t, 30_000)
  assert.equal(asked, 1)
  await control.enter({ for: '1h', onExpiry: 'leave-if-healthy' })
  await tick(t, 60_000)
  assert.equal(asked, 1)
  nowMs += 2 * HOUR
  await tick(t, 30_000)
  assert.equal(asked, 2)
  await control.leave({})
  await tick(t, 60_000)
  assert.equal(asked, 2)
})

test('a window begins and ends even when it cannot be stored, which is told and tried again', async (t) => {
  const store = brittle(createMemoryStore())
  const errors: string[] = []
  const control = await open(t, { store, onError: (error, doing) => errors.push(`${doing}: ${error}`) })
  const site = control.site('default')
  await control.addWindow({ from: new Date(Date.now() + 50), for: '1h' })
  store.broken = true
  await waitUntil(() => site.state.mode === 'maintenance')
  assert.deepEqual(errors.slice(0, 1), ['storing what was due: Error: the disk is full'])
  assert.equal(documentIn(await store.read()).mode, 'live')
  store.broken = false
  await waitUntil(async () => documentIn(await store.read()).mode === 'maintenance')
  assert.deepEqual(documentIn(await store.read()), site.state)
})

test('a process that does not keep the time follows the one that does', async (t) => {
  const store = createMemoryStore()
  const worker = await open(t, { store, keepsTime: false })
  await worker.addWindow({ from: new Date(), for: '1h' })
  await sleep(30)
  assert.equal(worker.site('default').state.mode, 'live')
  await open(t, { store })
  assert.equal(worker.site('default').state.mode, 'maintenance')
})

test('two processes that keep the time make each change once', async (t) => {
  const path = `${tempDir(t)}/state.json`
  const controls = await Promise.all(
    [1, 2, 3].map(async () => {
      const store = createFileStore({ path })
      t.after(() => store.close())
      return open(t, { store })
    })
  )
  const [one] = controls as [Control]
  await one.addWindow({ from: new Date(Date.now() + 300), until: new Date(Date.now() + 1400) })
  await waitUntil(() => controls.every((each) => each.site('default').state.mode === 'maintenance'))
  await waitUntil(() => controls.every((each) => each.site('default').state.mode === 'live'))
  assert.deepEqual(
    (await one.history()).map(({ action }) => action),
    ['expire', 'window-begin', 'window-add']
  )
})
