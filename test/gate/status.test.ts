import assert from 'node:assert/strict'
import test from 'node:test'
import { type Asked, closedSite } from '../helpers/closed.ts'

const AT = '/.intermission/status'

const said = ({ body }: Asked): Record<string, unknown> => JSON.parse(body) as Record<string, unknown>

test('the public status tells every mode, for everybody, and is never kept', async (t) => {
  const { site, ask } = await closedSite(t)
  const nothing = { message: null, until: null, retryAfterSeconds: null, next: null }
  const up = await ask(AT)
  assert.deepEqual(said(up), { state: 'up', ...nothing })
  assert.equal(up.status, 200)
  assert.equal(up.headers['content-type'], 'application/json')
  assert.equal(up.headers['cache-control'], 'no-store')
  assert.equal(up.headers['access-control-allow-origin'], '*')
  for (const mode of ['maintenance', 'read-only', 'hold'] as const) {
    await site.enter({ mode, message: 'Zur\u00fcck um neun', for: '30m' })
    const { state, message, until, retryAfterSeconds } = said(await ask(AT))
    assert.deepEqual([state, message, until], [mode, 'Zur\u00fcck um neun', site.state.until])
    assert.ok(Number(retryAfterSeconds) > 1790 && Number(retryAfterSeconds) <= 1800)
  }
})

test('it answers HEAD and preflights as well, and nothing else', async (t) => {
  const { site, ask } = await closedSite(t)
  await site.enter()
  const head = await ask(AT, { method: 'HEAD' })
  assert.deepEqual([head.status, head.body], [200, ''])
  assert.ok(Number(head.headers['content-length']) > 50)
  const asked = { origin: 'https://other.example', 'access-control-request-method': 'GET' }
  const preflight = await ask(AT, { method: 'OPTIONS', headers: asked })
  assert.deepEqual([preflight.status, preflight.headers['access-control-allow-origin']], [204, '*'])
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const { status, headers } = await ask(AT, { method, body: 'x' })
    assert.deepEqual([status, headers.allow], [405, 'GET, HEAD, OPTIONS'], method)
  }
})

test('where a mode is limited to paths, it tells the state of one', async (t) => {
  const { site, ask } = await closedSite(t)
  await site.enter({ paths: ['/shop/*'], exceptPaths: ['/shop/imprint'] })
  const stateOf = async (query: string): Promise<unknown> => said(await ask(AT + query)).state
  assert.equal(await stateOf(''), 'maintenance')
  assert.equal(await stateOf('?path=/shop/a'), 'maintenance')
  assert.equal(await stateOf('?path=%2FSHOP%2Fa%3Fb'), 'maintenance')
  assert.equal(await stateOf('?path=/'), 'up')
  assert.equal(await stateOf('?path=/shop/imprint'), 'up')
  assert.equal(await stateOf('?path='), 'up')
})

test('it tells that the app is gone, and looks itself whether it has come back', async (t) => {
  const { site, ask, upstream } = await closedSite(t)
  await upstream.stop()
  assert.equal((await ask('/')).status, 502)
  assert.equal(said(await ask(AT)).state, 'down')
  await site.enter({ mode: 'read-only' })
  assert.equal(said(await ask(AT)).state, 'down')
  await site.enter({ mode: 'maintenance' })
  assert.equal(said(await ask(AT)).state, 'maintenance')
  await site.leave()
  await upstream.start()
  // Nobody else asks: it is the question that finds out.
  const until = performance.now() + 2000
  while (said(await ask(AT)).state !== 'up') assert.ok(performance.now() < until, 'still down')
  assert.equal(upstream.seen.length, 0)
})

test('it announces the next window', async (t) => {
  const { site, ask } = await closedSite(t)
  const from = new Date(Date.now() + 3_600_000)
  await site.control.addWindow({ from, for: '1h', message: 'New shelves', reason: 'not for visitors' })
  const { state, next } = said(await ask(AT))
  assert.equal(state, 'up')
  const until = new Date(from.getTime() + 3_600_000)
  assert.deepEqual(next, { from: from.toISOString(), until: until.toISOString(), message: 'New shelves' })
})

test('other addresses below it are treated as any other', async (t) => {
  const { site, ask } = await closedSite(t)
  assert.equal((await ask('/.intermission/nothing')).headers['x-from'], 'the-app')
  await site.enter()
  for (const target of [
    '/.intermission/nothing',
    '/.intermission/status/',
    '/.intermission/../.intermission/status'
  ])
    assert.equal((await ask(target)).status, 503, target)
})
