import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import test from 'node:test'
import Fastify from 'fastify'
import admin from '../../plugins/admin.ts'
import { openMaintenance } from '../../src/state/maintenance.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import { assertProblem, startAdmin, TOKEN } from '../helpers/admin.ts'
import { rawExchange } from '../helpers/raw-client.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const FORM = 'application/x-www-form-urlencoded'
const LARGE = JSON.stringify({ message: 'x'.repeat(1024 * 1024) })

type Case = [
  what: string,
  status: number,
  field: string | undefined,
  headers: Record<string, string>,
  body?: unknown
]

const refused: Case[] = [
  ['no token', 401, 'Authorization', { authorization: '' }],
  ['a wrong token', 401, 'Authorization', { authorization: 'Bearer wrong' }],
  ['a token that begins right', 401, 'Authorization', { authorization: `Bearer ${TOKEN}x` }],
  ['a token that is too short', 401, 'Authorization', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
  ['an empty token', 401, 'Authorization', { authorization: 'Bearer ' }],
  ['a token that is huge', 401, 'Authorization', { authorization: `Bearer ${'x'.repeat(10_000)}` }],
  ['a token that is not ASCII', 401, 'Authorization', { authorization: 'Bearer \u00fc' }],
  ['another scheme', 401, 'Authorization', { authorization: `Basic ${btoa(`a:${TOKEN}`)}` }],
  ['a large body without a token', 401, 'Authorization', { authorization: '' }, LARGE],
  ['a foreign Origin', 403, 'Origin', { origin: 'https://evil.example' }],
  ['the Origin of another port', 403, 'Origin', { origin: 'http://127.0.0.1:1' }],
  ['Origin: null', 403, 'Origin', { origin: 'null' }],
  ['a request of another site', 403, 'Sec-Fetch-Site', { 'sec-fetch-site': 'cross-site' }],
  ['a form post', 415, 'Content-Type', { 'content-type': FORM }, 'mode=maintenance'],
  ['JSON that is called text', 415, 'Content-Type', { 'content-type': 'text/plain' }, '{}'],
  ['JSON with garbage behind its type', 415, 'Content-Type', { 'content-type': 'application/json x' }, '{}'],
  [
    'JSON with another charset',
    415,
    'Content-Type',
    { 'content-type': 'application/json; charset=utf-7' },
    '{}'
  ],
  ['JSON with a tab in its type', 415, 'Content-Type', { 'content-type': 'application/json\t; a=b' }, '{}'],
  ['a body without a type', 415, 'Content-Type', { 'content-type': '' }, '{}'],
  ['a type like that of JSON', 415, 'Content-Type', { 'content-type': 'application/problem+json' }, '{}'],
  ['a body of 1 MB', 413, 'body', {}, LARGE],
  ['a body one byte too large', 413, 'body', {}, `${' '.repeat(16 * 1024 - 1)}{}`],
  ['half a body', 400, 'body', {}, '{"message": "x'],
  ['a list', 400, 'body', {}, '[]'],
  ['null', 400, 'body', {}, 'null'],
  ['bytes that are not UTF-8', 400, 'body', {}, Buffer.from('{"message": "\xff"}', 'latin1')],
  ['deep nesting', 400, 'body', {}, `{"a":${'['.repeat(5000)}${']'.repeat(5000)}}`],
  ['a field twice', 400, 'message', {}, '{"message": "a", "by": "x", "message": "b"}'],
  ['a field twice, once in disguise', 400, 'message', {}, '{"message": "a", "m\\u0065ssage": "b"}'],
  ['an unknown field', 400, 'mesage', {}, { mesage: 'x' }],
  ['a field of a later version', 400, 'colour', {}, { colour: 'red' }],
  ['a revision in the body', 400, 'ifRevision', {}, { ifRevision: 0 }],
  ['__proto__', 400, '__proto__', {}, '{"__proto__": {"message": "x"}}'],
  ['constructor', 400, 'constructor', {}, '{"constructor": {}}'],
  ['until in the past', 400, 'until', {}, { until: '2020-01-01T00:00:00Z' }],
  ['until without a zone', 400, 'until', {}, { until: '2099-01-01T00:00:00' }],
  ['until far ahead', 400, 'until', {}, { until: '2999-01-01T00:00:00Z' }],
  ['for: "soon"', 400, 'for', {}, { for: 'soon' }],
  ['a bare number', 400, 'for', {}, { for: 30 }],
  ['until and for', 400, 'until', {}, { for: '1h', until: '2099-01-01T00:00:00Z' }],
  ['a message with a line feed that is none', 400, 'message', {}, { message: 'a\r\nSet-Cookie: x' }],
  ['a message of another type', 400, 'message', {}, { message: { text: 'x' } }],
  ['a mode that does not exist', 400, 'mode', {}, { mode: 'panic' }],
  ['If-Match without quotes', 400, 'If-Match', { 'if-match': '0' }]
]

for (const [what, status, field, headers, body] of refused) {
  test(`refuses ${what} with ${status}${field ? ` and names ${field}` : ''}; the state stays`, async (t) => {
    const { call, maintenance } = await startAdmin(t)
    const before = maintenance.state
    const answer = await call('PUT', '/maintenance', body, headers)
    assertProblem(answer, status, field)
    assert.equal(
      answer.headers.get('www-authenticate'),
      status === 401 ? 'Bearer realm="intermission"' : null
    )
    for (const name of answer.headers.keys()) assert.ok(!name.startsWith('access-control-'))
    assert.equal(maintenance.state, before)
    assert.equal((await call('PUT', '/maintenance')).status, 200, 'it goes on')
  })
}

test('no token and a wrong one get the same answer', async (t) => {
  const { call } = await startAdmin(t)
  const none = await call('PUT', '/maintenance', undefined, { authorization: '' })
  const wrong = await call('PUT', '/maintenance', undefined, { authorization: 'Bearer wrong' })
  assert.deepEqual(none.body, wrong.body)
})

test('answers only to the names of the loopback with its own port', async (t) => {
  const { port, maintenance } = await startAdmin(t)
  const exchange = (hosts: string): Promise<string> =>
    rawExchange(
      t,
      port,
      `PUT /maintenance HTTP/1.1\r\n${hosts}Authorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`
    )
  for (const host of [
    ...['evil.example', `evil.example:${port}`, 'localhost', '127.0.0.1:1', `localhost.evil.example:${port}`],
    ...[`127.0.0.1.evil.example:${port}`, `a@127.0.0.1:${port}`, `127.0.0.1:${port}:${port}`, `:${port}`, '']
  ]) {
    assert.match(await exchange(`Host: ${host}\r\n`), / 403 .*"field":"Host"/s, host)
  }
  assert.match(await exchange(`Host: localhost:${port}\r\nHost: evil.example\r\n`), / 40[03] /)
  assert.equal(maintenance.state.revision, 0)
  for (const host of [`127.0.0.1:${port}`, `LOCALHOST:${port}`, `[::1]:${port}`, `127.0.0.2:${port}`]) {
    assert.match(await exchange(`Host: ${host}\r\n`), / 200 /, host)
  }
  assert.match(await exchange(`Host: localhost:${port}\r\nOrigin: http://localhost:${port}\r\n`), / 200 /)
  for (const [name, value] of [
    ['Upgrade', 'websocket'],
    ['Sec-Fetch-Mode', 'no-cors']
  ]) {
    const answer = await exchange(`Host: localhost:${port}\r\n${name}: ${value}\r\n`)
    assert.match(answer, new RegExp(` 403 .*"field":"${name}"`, 's'))
  }
})

test('probes are as closed to foreign names and pages as the rest', async (t) => {
  const { call, port } = await startAdmin(t)
  assertProblem(await call('GET', '/livez', undefined, { origin: 'https://evil.example' }), 403, 'Origin')
  const answer = await rawExchange(t, port, 'GET /readyz HTTP/1.1\r\nHost: evil\r\nConnection: close\r\n\r\n')
  assert.match(answer, / 403 /)
})

test('further hosts are answered when they are listed, exactly as they are listed', async (t) => {
  const { call, port } = await startAdmin(t, { hosts: ['Admin.example:8081', 'admin.example'] })
  assert.equal((await call('GET', '/status')).status, 200)
  const answerTo = (host: string): Promise<string> => {
    const head = `Host: ${host}\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`
    return rawExchange(t, port, `GET /status HTTP/1.1\r\n${head}`)
  }
  for (const host of ['admin.example:8081', 'ADMIN.EXAMPLE'])
    assert.match(await answerTo(host), / 200 /, host)
  for (const host of ['admin.example:8082', 'x.admin.example', 'admin.example.']) {
    assert.match(await answerTo(host), / 403 /, host)
  }
})

test('on a unix socket every name of the loopback is right', async (t) => {
  const socketPath = join(tempDir(t), 'admin.sock')
  const maintenance = await openMaintenance({ store: createMemoryStore() })
  const app = Fastify()
  t.after(() => app.close())
  await app.register(admin, { tokens: [TOKEN], control: maintenance.control })
  await app.listen({ path: socketPath })
  const statusFor = (host: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const headers = { host, authorization: `Bearer ${TOKEN}` }
      const request = httpRequest({ socketPath, path: '/status', headers }, (response) => {
        response.resume()
        resolve(response.statusCode)
      })
      request.on('error', reject).end()
    })
  assert.equal(await statusFor('localhost'), 200)
  assert.equal(await statusFor('127.0.0.1:8081'), 200)
  assert.equal(await statusFor('evil.example'), 403)
})

test('many wrong tokens are not looked at any more, and soon after the right one is', async (t) => {
  const { call, maintenance } = await startAdmin(t)
  const statuses: number[] = []
  for (let n = 0; n < 200; n++) {
    const { status, headers } = await call('PUT', '/maintenance', undefined, {
      authorization: `Bearer guess-${n}`
    })
    statuses.push(status)
    if (status === 429) assert.equal(headers.get('retry-after'), '1')
  }
  assert.ok(statuses.filter((status) => status === 401).length < 60)
  assert.ok(statuses.filter((status) => status === 429).length > 100)
  assert.equal(maintenance.state.revision, 0)
  await new Promise((resolve) => setTimeout(resolve, 1000))
  assert.equal((await call('PUT', '/maintenance')).status, 200)
})
