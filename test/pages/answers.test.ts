import assert from 'node:assert/strict'
import test from 'node:test'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { createAnswers } from '../../src/pages/answers.ts'
import { answering, MAINTENANCE, UNREACHABLE } from './server.ts'

test('works alone on a bare node:http server', async (t) => {
  const server = await answering(t, UNREACHABLE)
  const { status, headers, text, body } = await server.get()
  assert.equal(status, 502)
  assert.match(text, /502 Bad Gateway/)
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(headers['content-length'], String(body.length))
  assert.equal(headers['cache-control'], 'no-store')
  assert.match(headers.vary ?? '', /Accept, Accept-Encoding, Accept-Language, Origin/)
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['intermission-reason'], 'upstream-unreachable')
  assert.equal(headers['retry-after'], undefined)
  assert.equal(headers.etag, undefined)
  assert.deepEqual(server.warnings, [])
})

test('a 503 carries Retry-After, as given or 120', async (t) => {
  const server = await answering(t, { ...MAINTENANCE, retryAfterSeconds: 1800 })
  assert.equal((await server.get()).headers['retry-after'], '1800')
  server.problem = { ...MAINTENANCE, retryAfterSeconds: 1799 }
  assert.equal((await server.get()).headers['retry-after'], '1799')
  server.problem = MAINTENANCE
  assert.equal((await server.get()).headers['retry-after'], '120')
  server.problem = { ...MAINTENANCE, retryAfterSeconds: 0.2 }
  assert.equal((await server.get()).headers['retry-after'], '1')
})

test('a JSON client gets every member of the problem, words unescaped', async (t) => {
  const until = '2030-01-01T09:00:00.000Z'
  const message = 'Back at <nine> & é “x”'
  const server = await answering(t, {
    ...MAINTENANCE,
    message,
    until,
    retryAfterSeconds: 60,
    requestId: 'r"1é'
  })
  const { headers, text, body } = await server.get({ accept: 'application/json' })
  assert.equal(headers['content-type'], 'application/problem+json')
  assert.equal(headers['content-length'], String(body.length))
  assert.deepEqual(JSON.parse(text), {
    type: 'about:blank',
    title: 'Service Unavailable',
    status: 503,
    detail: 'This site is closed for maintenance.',
    reason: 'maintenance',
    message,
    until,
    retryAfterSeconds: 60,
    requestId: 'r"1é'
  })
  server.problem = { ...MAINTENANCE }
  const bare = JSON.parse((await server.get({ accept: 'application/json' })).text) as Record<string, unknown>
  assert.equal(bare.requestId, null)
  assert.equal(bare.message, null)
})

test('other clients get one line of text, whatever the message holds', async (t) => {
  const server = await answering(t, { ...MAINTENANCE, message: 'Back\r\nat\tnine\u0007 é ' })
  const { headers, text, body } = await server.get({ accept: 'text/plain' })
  assert.equal(headers['content-type'], 'text/plain; charset=utf-8')
  assert.equal(text, '503 Service Unavailable: Back at nine é\n')
  assert.equal(headers['content-length'], String(body.length))
  server.problem = { status: 400, reason: null }
  assert.equal((await server.get({ accept: 'image/png' })).text, '400 Bad Request\n')
})

test('a message is escaped in HTML', async (t) => {
  const server = await answering(t, { ...MAINTENANCE, message: `<img src=x onerror="alert('1')"> & é` })
  const { text } = await server.get({ accept: 'text/html' })
  assert.match(text, /&lt;img src=x onerror=&quot;alert\(&#39;1&#39;\)&quot;&gt; &amp; é/)
})

test('every method is answered the same, HEAD without its body', async (t) => {
  const server = await answering(t, UNREACHABLE)
  const page = await server.get()
  for (const method of ['OPTIONS', 'TRACE']) {
    const { status, text } = await server.get({}, { method })
    assert.deepEqual([method, status, text === page.text], [method, 502, true])
  }
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'PROPFIND', 'PURGE']) {
    const { status, text } = await server.get({}, { method })
    assert.deepEqual([method, status], [method, 502])
    assert.match(text, /Your form was not sent/)
  }
  const head = await server.get({}, { method: 'HEAD' })
  assert.equal(head.body.length, 0)
  const { date: _, connection: __, ...headers } = head.headers
  const { date: ___, connection: ____, ...wanted } = page.headers
  assert.deepEqual(headers, wanted)
})

test('conditions and ranges are ignored', async (t) => {
  const server = await answering(t, UNREACHABLE)
  const whole = await server.get()
  const headers = {
    range: 'bytes=0-3',
    'if-none-match': '*',
    'if-match': '"x"',
    'if-modified-since': new Date().toUTCString()
  }
  const { status, body, headers: got } = await server.get(headers)
  assert.deepEqual([status, body.length, got['content-range']], [502, whole.body.length, undefined])
})

test('compressed forms unpack to the page, and Vary says so', async (t) => {
  const server = await answering(t, UNREACHABLE)
  const plain = await server.get()
  assert.equal(plain.headers['content-encoding'], undefined)
  const gzip = await server.get({ 'accept-encoding': 'gzip' })
  assert.equal(gzip.headers['content-encoding'], 'gzip')
  assert.deepEqual(gunzipSync(gzip.body), plain.body)
  const br = await server.get({ 'accept-encoding': 'gzip, deflate, br' })
  assert.equal(br.headers['content-encoding'], 'br')
  assert.equal(br.headers['content-length'], String(br.body.length))
  assert.deepEqual(brotliDecompressSync(br.body), plain.body)
  const head = await server.get({ 'accept-encoding': 'br' }, { method: 'HEAD' })
  assert.equal(head.headers['content-length'], br.headers['content-length'])
})

test('the client’s own fault is answered barely, without a reason', async (t) => {
  const server = await answering(t, { status: 400, reason: null, headers: ['X-Extra', 'yes'] })
  const { status, headers, text } = await server.get({ origin: 'https://a.example' })
  assert.equal(status, 400)
  assert.match(text, /<h1>400 Bad Request<\/h1>/)
  assert.equal(headers['intermission-reason'], undefined)
  assert.equal(headers['access-control-allow-origin'], undefined)
  assert.equal(headers['x-extra'], 'yes')
})

test('a status that is none is answered as 500', async (t) => {
  const server = await answering(t, { status: 200, reason: null })
  for (const status of [200, 99, 600, Number.NaN, 502.5]) {
    server.problem = { status, reason: null }
    assert.equal((await server.get()).status, 500)
  }
})

test('what is said changes with the state, and old words do not come back', async (t) => {
  const server = await answering(t, { ...MAINTENANCE, message: 'first' })
  for (const message of ['first', 'second', 'first', 'third']) {
    server.problem = { ...MAINTENANCE, message }
    assert.match((await server.get()).text, new RegExp(`>${message}</bdi>`))
    assert.match((await server.get({ accept: 'text/plain' })).text, new RegExp(`${message}\n$`))
  }
  for (let index = 0; index < 100; index++) {
    server.problem = {
      ...MAINTENANCE,
      message: `number ${index}`,
      site: String(index),
      retryAfterSeconds: index
    }
    assert.match((await server.get({ accept: 'application/json' })).text, new RegExp(`"number ${index}"`))
  }
})

test('a folder that is none is refused at once', () => {
  for (const pagesDir of ['/nowhere/at/all', import.meta.filename]) {
    assert.throws(() => createAnswers({ pagesDir }), { code: 'ERR_INPUT_INVALID', field: 'pagesDir' })
  }
})
