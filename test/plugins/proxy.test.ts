import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import Fastify from 'fastify'
import proxy, { type ProxyOptions } from '../../plugins/proxy.ts'
import { fieldsOf, front } from '../helpers/front.ts'
import { rawExchange } from '../helpers/raw-client.ts'
import { okUpstream, type SeenRequest } from '../helpers/upstream.ts'

test('works alone in a bare Fastify app, behind its own routes', async (t) => {
  const upstream = await okUpstream(t)
  const app = Fastify()
  app.get('/own', async () => 'mine')
  await app.register(proxy, { upstream: upstream.url })
  await app.listen({ port: 0 })
  t.after(() => app.close())
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  assert.equal(await (await fetch(`${url}/own`)).text(), 'mine')
  const seen = (await (
    await fetch(`${url}/other?a=%41`, { method: 'POST', body: '{"a":1}' })
  ).json()) as SeenRequest
  assert.deepEqual([seen.method, seen.url, seen.body], ['POST', '/other?a=%41', '{"a":1}'])
})

test('headers that hooks of the app set reach the client', async (t) => {
  const upstream = await okUpstream(t)
  const app = Fastify()
  app.addHook('onRequest', async (_, reply) => {
    reply.header('x-hook', 'yes')
  })
  await app.register(proxy, { upstream: upstream.url })
  await app.listen({ port: 0 })
  t.after(() => app.close())
  const response = await fetch(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}/`)
  assert.equal(response.headers.get('x-hook'), 'yes')
  assert.equal(response.headers.get('x-from'), 'the-app')
})

test('a bad option stops the start and is named', async () => {
  const start = async (options: object): Promise<void> => {
    const app = Fastify()
    await app.register(proxy, options as ProxyOptions)
    await app.close()
  }
  await assert.rejects(start({}), { name: 'InputError', field: 'upstream' })
  await assert.rejects(start({ upstream: 'http://h/path' }), { field: 'upstream' })
  await assert.rejects(start({ upstream: 'http://h', connectTimeoutMs: 0 }), { field: 'connectTimeoutMs' })
  await assert.rejects(start({ upstream: 'http://h', trustProxy: ['10.0.0.0/33'] }), { field: 'trustProxy' })
  await assert.rejects(start({ upstream: 'http://h', interceptErrors: [302] }), { field: 'interceptErrors' })
})

test('every method passes with its body, GET included', async (t) => {
  const upstream = await okUpstream(t)
  const { port } = await front(t, { upstream: upstream.url })
  for (const method of [
    'GET',
    'POST',
    'PUT',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'PROPFIND',
    'PURGE',
    'REPORT',
    'QUERY'
  ]) {
    const answer = await rawExchange(
      t,
      port,
      `${method} /m HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbody`
    )
    assert.match(answer, /^HTTP\/1\.1 200 /, method)
    const seen = upstream.seen.at(-1)!
    assert.deepEqual([seen.method, seen.body], [method, 'body'])
  }
})

test('TRACE and CONNECT are refused without asking the upstream', async (t) => {
  const upstream = await okUpstream(t)
  const { port } = await front(t, { upstream: upstream.url })
  assert.match(
    await rawExchange(t, port, 'TRACE / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'),
    /^HTTP\/1\.1 405 [\s\S]*allow: /i
  )
  assert.equal(upstream.seen.length, 0)
})

test('a body of any type passes byte for byte, malformed types included', async (t) => {
  const upstream = await okUpstream(t)
  const { port } = await front(t, { upstream: upstream.url })
  for (const type of ['application/json', 'text/plain; charset=latin1', 'nonsense', 'a/b; c', '']) {
    await rawExchange(
      t,
      port,
      `POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Type: ${type}\r\nContent-Length: 3\r\n\r\n{\xff\x00`
    )
    const seen = upstream.seen.at(-1)!
    assert.deepEqual([seen.body, fieldsOf(seen, 'content-type')], ['{\xff\x00', [type]])
  }
})

test('a chunked body arrives chunked, without its trailers', async (t) => {
  const upstream = await okUpstream(t)
  const { port } = await front(t, { upstream: upstream.url })
  await rawExchange(
    t,
    port,
    'POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n'
  )
  const seen = upstream.seen.at(-1)!
  assert.deepEqual(
    [seen.body, fieldsOf(seen, 'transfer-encoding'), seen.rawTrailers],
    ['abcde', ['chunked'], []]
  )
})

test('strangers cannot say for whom they speak', async (t) => {
  const upstream = await okUpstream(t)
  const { port } = await front(t, { upstream: upstream.url })
  await rawExchange(
    t,
    port,
    'GET / HTTP/1.1\r\nHost: shop.test\r\nConnection: close, X-Forwarded-For\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Prefix: /x\r\nForwarded: for=6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\n\r\n'
  )
  const seen = upstream.seen.at(-1)!
  assert.deepEqual(fieldsOf(seen, 'x-forwarded-for'), ['127.0.0.1'])
  assert.deepEqual(fieldsOf(seen, 'x-forwarded-proto'), ['http'])
  assert.deepEqual(fieldsOf(seen, 'x-forwarded-host'), ['shop.test'])
  for (const name of ['x-forwarded-prefix', 'forwarded', 'x-real-ip', 'x_forwarded_for'])
    assert.deepEqual(fieldsOf(seen, name), [])
})

test('a trusted proxy says for whom it speaks, and is added to the list', async (t) => {
  const upstream = await okUpstream(t)
  const fields =
    'X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For: 203.0.113.8\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: shop.test\r\n'
  for (const [trustForwarded, proto, host] of [
    ['for', 'http', 'h'],
    ['all', 'https', 'shop.test']
  ] as const) {
    const { port } = await front(t, { upstream: upstream.url, trustProxy: ['127.0.0.0/8'], trustForwarded })
    await rawExchange(t, port, `GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${fields}\r\n`)
    const seen = upstream.seen.at(-1)!
    assert.deepEqual(fieldsOf(seen, 'x-forwarded-for'), ['203.0.113.7, 203.0.113.8, 127.0.0.1'])
    assert.deepEqual(fieldsOf(seen, 'x-forwarded-proto'), [proto])
    assert.deepEqual(fieldsOf(seen, 'x-forwarded-host'), [host])
  }
})

const REFUSED: Record<string, [number, string]> = {
  'two Host fields': [400, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n'],
  'a Host with a slash': [400, 'GET / HTTP/1.1\r\nHost: a/b\r\n'],
  'a Host with userinfo': [400, 'GET / HTTP/1.1\r\nHost: u@b\r\n'],
  'a path above the root': [400, 'GET /a/../../b HTTP/1.1\r\nHost: h\r\n'],
  'HTTP/2.0 in the clothes of HTTP/1': [505, 'GET / HTTP/2.0\r\nhost: h\r\n'],
  'a malformed escape': [400, 'GET /%zz HTTP/1.1\r\nHost: h\r\n'],
  'a coding before chunked': [501, 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n'],
  'chunks in HTTP/1.0': [400, 'POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n']
}

for (const [name, [status, text]] of Object.entries(REFUSED)) {
  test(`${name} is refused with ${status}, and the connection ends`, async (t) => {
    const upstream = await okUpstream(t)
    const { port } = await front(t, { upstream: upstream.url })
    const answer = await rawExchange(t, port, `${text}\r\n${text.includes('chunked') ? '0\r\n\r\n' : ''}`)
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
    assert.equal(upstream.seen.length, 0)
  })
}
