import assert from 'node:assert/strict'
import test from 'node:test'
import type { StateDocument } from '../../src/state/document.ts'
import { assertProblem, startAdmin } from '../helpers/admin.ts'

const sites = ['shop', 'blog']

test('the short form acts on every site in one change, the long one on one', async (t) => {
  const { call, control } = await startAdmin(t, { sites })
  const all = await call('PUT', '/maintenance', { message: 'Back soon' })
  assert.equal(all.status, 200)
  assert.equal(all.headers.get('etag'), '"1"')
  const modes = (body: Record<string, unknown>): unknown[] =>
    (body.sites as StateDocument[]).map(({ site, mode, revision }) => [site, mode, revision])
  assert.deepEqual(modes(all.body), [
    ['shop', 'maintenance', 1],
    ['blog', 'maintenance', 1]
  ])
  assert.deepEqual([all.body.revision, (all.body.wait as { outcome: string }).outcome], [1, 'complete'])

  const blog = await call('DELETE', '/sites/blog/maintenance')
  assert.deepEqual([blog.status, blog.headers.get('etag')], [200, '"2"'])
  assert.deepEqual([blog.body.site, blog.body.mode, blog.body.revision], ['blog', 'live', 2])
  assert.equal(control.site('shop').state.mode, 'maintenance')
  const shown = await call('GET', '/maintenance')
  assert.deepEqual(modes(shown.body), [
    ['shop', 'maintenance', 1],
    ['blog', 'live', 2]
  ])
  assert.equal(shown.headers.get('etag'), '"2"')
  assert.equal((await call('GET', '/sites/shop/maintenance')).headers.get('etag'), '"1"')
})

test('If-Match means the document of one site, or the newest of all', async (t) => {
  const { call } = await startAdmin(t, { sites })
  await call('PUT', '/sites/shop/maintenance')
  await call('PUT', '/sites/blog/maintenance')
  const leave = (path: string, revision: number): ReturnType<typeof call> =>
    call('DELETE', path, undefined, { 'if-match': `"${revision}"` })
  assertProblem(await leave('/sites/shop/maintenance', 2), 412, 'If-Match')
  assert.equal((await leave('/sites/shop/maintenance', 1)).status, 200)
  assertProblem(await leave('/maintenance', 2), 412, 'If-Match')
  assert.equal((await leave('/maintenance', 3)).status, 200)
})

test('of operators who act on the same revision at once exactly one wins', async (t) => {
  const { call, control } = await startAdmin(t)
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      call('PUT', '/maintenance', { message: `operator ${n}` }, { 'if-match': '"0"' })
    )
  )
  const won = answers.filter(({ status }) => status === 200)
  assert.equal(won.length, 1)
  assert.equal(control.site('default').state.message, won[0]?.body.message)
  for (const answer of answers) if (answer !== won[0]) assertProblem(answer, 412, 'If-Match')
})

test('a site that there is not is not found, and nothing changes', async (t) => {
  const { call, control } = await startAdmin(t, { sites })
  for (const method of ['GET', 'PUT', 'DELETE']) {
    for (const site of ['elsewhere', '__proto__', 'shop%00']) {
      const answer = await call(method, `/sites/${site}/maintenance`)
      assertProblem(answer, 404)
      assert.equal(answer.body.code, 'ERR_NOT_FOUND')
    }
  }
  assert.equal(control.revision, 0)
})

test('the status shows every site, and none of them on the top level', async (t) => {
  const { call } = await startAdmin(t, { sites })
  await call('PUT', '/sites/shop/maintenance', { mode: 'read-only', paths: ['/shop/*'] })
  const { body } = await call('GET', '/status')
  assert.deepEqual([body.site, body.mode, body.revision], [undefined, undefined, 1])
  const shown = body.sites as StateDocument[]
  assert.deepEqual(
    shown.map(({ site, mode, paths }) => [site, mode, paths]),
    [
      ['shop', 'read-only', ['/shop/*']],
      ['blog', 'live', []]
    ]
  )
})

test('a change whose wait was not fulfilled answers 202 with what is still running', async (t) => {
  const { call, maintenance } = await startAdmin(t)
  const entry = inFlightEntry()
  maintenance.inFlight.begin(entry)
  const waiting = { wait: 'drained', timeout: '100ms' }
  const late = await call('PUT', '/maintenance', waiting)
  assert.equal(late.status, 202)
  const { outcome, inFlight, oldestMs } = late.body.wait as Record<string, unknown>
  assert.deepEqual([outcome, inFlight], ['not-proven', 1])
  assert.ok(Number(oldestMs) >= 100)
  assert.equal(maintenance.state.mode, 'maintenance', 'it was changed')

  setTimeout(() => maintenance.inFlight.end(entry), 100)
  const drained = await call('PUT', '/maintenance', { ...waiting, timeout: '30s' })
  assert.deepEqual([drained.status, (drained.body.wait as { outcome: string }).outcome], [200, 'complete'])
})

function inFlightEntry() {
  const nothing = (): void => {}
  const withdraw = (): boolean => false
  return { request: {} as never, abort: nothing, close: nothing, isUpgraded: false, withdraw }
}

test('what cannot be waited for or done is refused by name', async (t) => {
  const { call, control } = await startAdmin(t)
  assertProblem(await call('PUT', '/maintenance', { wait: 'forever' }), 400, 'wait')
  assertProblem(await call('PUT', '/maintenance', { timeout: '2' }), 400, 'timeout')
  assertProblem(await call('PUT', '/maintenance', { mode: 'live' }), 400, 'mode')
  assertProblem(await call('PUT', '/maintenance', { maxWait: '3s' }), 400, 'maxWait')
  assertProblem(await call('PUT', '/maintenance', { ifRevision: 0 }), 400, 'ifRevision')
  assertProblem(await call('PUT', '/maintenance', { site: 'shop' }), 400, 'site')
  assertProblem(await call('DELETE', '/maintenance', { wait: 'drained' }), 400, 'wait')
  assertProblem(await call('DELETE', '/maintenance', { message: 'x' }), 400, 'message')
  assert.equal(control.revision, 0)
})
