import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import Fastify from 'fastify'
import admin, { type AdminOptions } from '../../plugins/admin.ts'
import maintenance from '../../plugins/maintenance.ts'
import { openMaintenance } from '../../src/state/maintenance.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import { assertProblem, callAdmin, startAdmin, TOKEN } from '../helpers/admin.ts'
import { rawExchange } from '../helpers/raw-client.ts'

test('works alone: shows the mode, enters and leaves', async (t) => {
  const { call, maintenance } = await startAdmin(t)
  const live = await call('GET', '/maintenance')
  assert.equal(live.status, 200)
  assert.equal(live.headers.get('etag'), '"0"')
  assert.equal(live.headers.get('content-type'), 'application/json; charset=utf-8')
  assert.equal(live.body.mode, 'live')

  const entered = await call('PUT', '/maintenance', { message: 'Back soon', for: '30m', retryAfter: '2m' })
  assert.equal(entered.status, 200)
  assert.equal(entered.headers.get('etag'), '"1"')
  const { wait, ...document } = entered.body
  assert.deepEqual(document, maintenance.state)
  assert.equal((wait as { outcome: string }).outcome, 'complete')
  assert.deepEqual(
    [entered.body.mode, entered.body.message, entered.body.by, entered.body.retryAfterSeconds],
    ['maintenance', 'Back soon', 'admin', 120]
  )

  const left = await call('DELETE', '/maintenance')
  assert.equal(left.status, 200)
  assert.deepEqual([left.body.mode, left.body.revision, left.body.by], ['live', 2, 'admin'])
  assert.deepEqual({ ...maintenance.state, wait: left.body.wait }, left.body)
})

test('an empty body, an empty object and a missing one all enter with the defaults', async (t) => {
  const { call } = await startAdmin(t)
  for (const [body, headers] of [
    [undefined, {}],
    [{}, {}],
    ['', { 'content-type': 'application/json' }]
  ] as const) {
    const { status, body: document } = await call('PUT', '/maintenance', body, headers)
    assert.equal(status, 200)
    assert.deepEqual([document.mode, document.message, document.revision], ['maintenance', null, 1])
  }
})

test('a repeat is harmless', async (t) => {
  const { call } = await startAdmin(t)
  const request = { message: 'Back soon', until: new Date(Date.now() + 3_600_000).toISOString() }
  const first = await call('PUT', '/maintenance', request)
  assert.deepEqual((await call('PUT', '/maintenance', request)).body, first.body)
  const left = await call('DELETE', '/maintenance')
  assert.deepEqual((await call('DELETE', '/maintenance')).body, left.body)
})

test('If-Match lets a change through only at the revision it names', async (t) => {
  const { call, maintenance } = await startAdmin(t)
  const put = (ifMatch: string): ReturnType<typeof call> =>
    call('PUT', '/maintenance', { message: ifMatch }, { 'if-match': ifMatch })
  assert.equal((await put('"0"')).status, 200)
  for (const stale of ['"0"', 'W/"1"', '"7", "8"', '"01"', '"x"', '""', '"999999999999999999"']) {
    assertProblem(await put(stale), 412, 'If-Match')
  }
  for (const wrong of ['1', '"1', '"1";"2"']) assertProblem(await put(wrong), 400, 'If-Match')
  assert.equal(maintenance.state.revision, 1)
  assert.equal((await put('"7", "1"')).status, 200)
  assert.equal((await put('*')).status, 200)
  assertProblem(await call('DELETE', '/maintenance', undefined, { 'if-match': '"1"' }), 412, 'If-Match')
  assert.equal((await call('DELETE', '/maintenance', undefined, { 'if-match': '"3"' })).status, 200)
})

test('says who made a change: the one named in it, else the holder of the token', async (t) => {
  const sha256 = createHash('sha256').update('deploy-token').digest('hex')
  const { call } = await startAdmin(t, { tokens: [TOKEN, { sha256, name: 'deploy' }] })
  const deploy = { authorization: 'bearer deploy-token' }
  assert.equal((await call('PUT', '/maintenance', undefined, deploy)).body.by, 'deploy')
  assert.equal((await call('PUT', '/maintenance', { by: 'ann', reason: 'disk' })).body.by, 'ann')
  const left = await call('DELETE', '/maintenance', { by: 'bob', reason: 'done' })
  assert.deepEqual([left.body.by, left.body.reason], ['bob', 'done'])
})

test('the status has what only the app around knows', async (t) => {
  const site = (name: string) => ({ hosts: [`${name}.example`], inFlight: 3, held: 2 })
  const store = () => ({ kind: 'file', reachable: true, staleSince: null })
  const { call, control } = await startAdmin(t, { status: { site, store } })
  await call('PUT', '/maintenance', { message: 'Back soon' })
  const link = await control.addLink()
  const { status, body } = await call('GET', '/status')
  assert.equal(status, 200)
  const { mode, message, revision, inFlight, held, store: kept, members, sites } = body
  assert.deepEqual([mode, message, revision, inFlight, held], ['maintenance', 'Back soon', 2, 3, 2])
  assert.deepEqual(kept, store())
  const [one] = sites as Record<string, unknown>[]
  assert.deepEqual(
    [one?.revision, one?.hosts, one?.overdue, one?.next],
    [1, ['default.example'], false, null]
  )
  const [self] = members as Record<string, unknown>[]
  assert.deepEqual([self?.isSelf, self?.state, self?.revision, self?.drained], [true, 'live', 2, false])
  assert.ok(!JSON.stringify(body).includes(link.token))
})

test('probes need no token, and maintenance stays ready', async (t) => {
  let isReady = true
  const { call } = await startAdmin(t, { ready: () => isReady })
  const anonymous = { authorization: '' }
  await call('PUT', '/maintenance')
  for (const path of ['/livez', '/readyz']) {
    const probe = await call('GET', path, undefined, anonymous)
    assert.equal(probe.status, 200)
    assert.equal(probe.headers.get('cache-control'), 'no-store')
  }
  isReady = false
  assertProblem(await call('GET', '/readyz', undefined, anonymous), 503)
  assert.equal((await call('GET', '/livez', undefined, anonymous)).status, 200)
})

test('another address or another method is a problem too, and only for who holds a token', async (t) => {
  const { call, port } = await startAdmin(t)
  assertProblem(await call('GET', '/nothing'), 404)
  assertProblem(await call('GET', '/nothing', undefined, { authorization: '' }), 401, 'Authorization')
  const refused = await call('POST', '/maintenance', {})
  assertProblem(refused, 405)
  assert.equal(refused.headers.get('allow'), 'GET, HEAD, PUT, DELETE')
  assertProblem(await call('OPTIONS', '/maintenance'), 405)
  assertProblem(await call('PUT', '/livez', '{', { authorization: '' }), 405)
  assert.equal((await call('HEAD', '/maintenance')).headers.get('etag'), '"0"')
  const head = `Host: 127.0.0.1:${port}\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`
  assert.match(
    await rawExchange(t, port, `PROPFIND /maintenance HTTP/1.1\r\n${head}`),
    / 404 .*problem\+json/s
  )
})

test('works under a prefix, beside an app with handlers and parsers of its own', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  app.addContentTypeParser(/.*/, (_request, _payload, done) => done(null, 'eaten by the app'))
  app.setErrorHandler((_error, _request, reply) => reply.code(418).send('the error handler of the app'))
  app.setNotFoundHandler((_request, reply) => reply.code(404).send('the not-found handler of the app'))
  app.addHook('onSend', async (_request, reply) => {
    reply.header('access-control-allow-origin', '*').header('cache-control', 'public')
  })
  await app.register(maintenance)
  await app.register(admin, { prefix: '/ops', tokens: [TOKEN] })
  app.post('/', async (request) => request.body)
  app.get('/fail', async () => {
    throw new Error('x')
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`

  const entered = await callAdmin(port, 'PUT', '/ops/maintenance', { message: 'Back soon' })
  assert.deepEqual([entered.status, entered.body.message], [200, 'Back soon'])
  assert.equal(entered.headers.get('access-control-allow-origin'), null)
  assert.equal((await fetch(url)).status, 503)
  assertProblem(await callAdmin(port, 'GET', '/ops/nothing'), 404)
  assertProblem(await callAdmin(port, 'PUT', '/ops/maintenance', '{'), 400, 'body')
  assert.equal((await callAdmin(port, 'DELETE', '/ops/maintenance')).status, 200)

  assert.equal(await (await fetch(`${url}/nothing`)).text(), 'the not-found handler of the app')
  assert.equal(await (await fetch(`${url}/fail`)).text(), 'the error handler of the app')
  const posted = await fetch(url, { method: 'POST', body: '{}', headers: { 'content-type': 'text/x' } })
  assert.equal(await posted.text(), 'eaten by the app')
})

test('a state that cannot be stored is told to the operator, and nothing changes', async (t) => {
  const store = { ...createMemoryStore(), write: () => Promise.reject(new TypeError('secret internals')) }
  const broken = await openMaintenance({ store })
  const { call, maintenance } = await startAdmin(t, { control: broken.control })
  const answer = await call('PUT', '/maintenance')
  assertProblem(answer, 500)
  assert.doesNotMatch(String(answer.body.detail), /secret/)
  assert.equal(maintenance.state.mode, 'live')
})

test('misuse is an error at the start that says what to do, and shows no token', async (t) => {
  const shared = await openMaintenance({ store: createMemoryStore() })
  t.after(() => shared.close())
  const { control } = shared
  const wrong: [object, RegExp][] = [
    [{ tokens: [TOKEN] }, /^admin: .*register the maintenance plugin before it/],
    [{ control }, /^tokens: /],
    [{ control, tokens: [] }, /^tokens: /],
    [{ control, tokens: [''] }, /^tokens: /],
    [{ control, tokens: ['fifteen-letters'] }, /^tokens: (?!.*fifteen).*16 to 512 visible ASCII/],
    [{ control, tokens: ['a secret with spaces'] }, /^tokens: (?!.*secret)/],
    [{ control, tokens: [{ sha256: 'abc' }] }, /^tokens: /],
    [{ control, tokens: [TOKEN], hosts: 'admin.example:8081' }, /^hosts: /],
    [{ control, tokens: [TOKEN], hosts: ['http://a:1'] }, /^hosts: /]
  ]
  for (const [options, message] of wrong) {
    await assert.rejects(async () => Fastify().register(admin, options as AdminOptions), { message })
  }
})
