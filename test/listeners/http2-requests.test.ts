import assert from 'node:assert/strict'
import test from 'node:test'
import { fieldsOf } from '../helpers/front.ts'
import { answerOf, http2Client, type Listening, listening } from '../helpers/listening.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { okUpstream, type SeenRequest, type Upstream } from '../helpers/upstream.ts'

async function start(t: Cleanup): Promise<{ upstream: Upstream; gateway: Listening }> {
  const upstream = await okUpstream(t)
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, tls: true })
  return { upstream, gateway }
}

test('a request over HTTP/2 reaches the app as one over HTTP/1.1', async (t) => {
  const { upstream, gateway } = await start(t)
  const client = http2Client(t, gateway)
  const answer = await answerOf(
    client.request({ ':path': '/a%41//b?q=%zz', ':authority': 'shop.test:8443', 'x-a': ['1', '2'] })
  )
  assert.equal(answer.status, 200)
  const seen = upstream.seen[0]!
  assert.deepEqual([seen.method, seen.url, seen.httpVersion, seen.body], ['GET', '/a%41//b?q=%zz', '1.1', ''])
  assert.deepEqual(seen.rawHeaders.slice(0, 2), ['Host', 'shop.test:8443'])
  assert.deepEqual(fieldsOf(seen, 'x-a'), ['1', '2'])
  assert.deepEqual(fieldsOf(seen, 'x-forwarded-proto'), ['https'])
  assert.deepEqual(fieldsOf(seen, 'x-forwarded-for'), ['127.0.0.1'])
  assert.deepEqual(fieldsOf(seen, 'x-forwarded-host'), ['shop.test:8443'])
  assert.ok(seen.rawHeaders.every((name) => !name.startsWith(':')))
  assert.deepEqual([...fieldsOf(seen, 'content-length'), ...fieldsOf(seen, 'transfer-encoding')], [])
})

test(':authority outranks a host field', async (t) => {
  const { upstream, gateway } = await start(t)
  const client = http2Client(t, gateway)
  await answerOf(client.request({ ':authority': 'shop.test', host: 'evil.test' }))
  assert.deepEqual(fieldsOf(upstream.seen[0]!, 'host'), ['shop.test'])
})

test('crumbs of a cookie become one field', async (t) => {
  const { upstream, gateway } = await start(t)
  const client = http2Client(t, gateway)
  await answerOf(client.request({ cookie: ['a=1', 'b=2; c=3', 'd=4'] }))
  assert.deepEqual(fieldsOf(upstream.seen[0]!, 'cookie'), ['a=1; b=2; c=3; d=4'])
})

test('bytes above 0x7f, and hundreds of fields, pass as they are', async (t) => {
  const { upstream, gateway } = await start(t)
  const client = http2Client(t, gateway)
  const many = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`x-${i}`, String(i)]))
  await answerOf(client.request({ 'x-latin': 'caf\xe9 \xc3\xa9', ...many }))
  assert.deepEqual(fieldsOf(upstream.seen[0]!, 'x-latin'), ['caf\xe9 \xc3\xa9'])
  assert.deepEqual(fieldsOf(upstream.seen[0]!, 'x-399'), ['399'])
})

test('bodies of any method pass, with their length or in chunks', async (t) => {
  const { upstream, gateway } = await start(t)
  const client = http2Client(t, gateway)
  const body = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 256))
  for (const method of ['POST', 'PUT', 'DELETE', 'GET', 'PROPFIND']) {
    for (const length of [true, false]) {
      const fields = length ? { 'content-length': body.length } : {}
      const stream = client.request({ ':method': method, ':path': '/b', ...fields }, { endStream: false })
      assert.equal((await answerOf(stream, body)).status, 200)
      const seen = upstream.seen.at(-1)!
      assert.deepEqual([seen.method, seen.body === body.toString('latin1')], [method, true])
      assert.equal(fieldsOf(seen, 'content-length').length, length ? 1 : 0)
      assert.deepEqual(fieldsOf(seen, 'transfer-encoding'), length ? [] : ['chunked'])
    }
  }
})

test('a POST without a body is sent with a length of 0', async (t) => {
  const { upstream, gateway } = await start(t)
  const client = http2Client(t, gateway)
  await answerOf(client.request({ ':method': 'POST' }, { endStream: true }))
  assert.deepEqual(fieldsOf(upstream.seen[0]!, 'content-length'), ['0'])
})

test('what the client says of itself is taken off, as over HTTP/1.1', async (t) => {
  const { upstream, gateway } = await start(t)
  const client = http2Client(t, gateway)
  await answerOf(
    client.request({ 'x-forwarded-for': '6.6.6.6', x_forwarded_for: '6.6.6.6', forwarded: 'for=6.6.6.6' })
  )
  const seen: SeenRequest = upstream.seen[0]!
  assert.deepEqual(fieldsOf(seen, 'x-forwarded-for'), ['127.0.0.1'])
  assert.deepEqual([...fieldsOf(seen, 'x_forwarded_for'), ...fieldsOf(seen, 'forwarded')], [])
})

test('Expect: 100-continue is answered when the app is there to take the body', async (t) => {
  const { upstream, gateway } = await start(t)
  const client = http2Client(t, gateway)
  const stream = client.request({ ':method': 'POST', expect: '100-continue' }, { endStream: false })
  stream.once('continue', () => stream.end('body'))
  assert.equal((await answerOf(stream)).status, 200)
  assert.equal(upstream.seen[0]!.body, 'body')
  assert.deepEqual(fieldsOf(upstream.seen[0]!, 'expect'), [])
})

const REFUSED: Record<string, [number, Record<string, string>]> = {
  'a path above the root': [400, { ':path': '/../etc/passwd' }],
  'a malformed escape': [400, { ':path': '/%zz' }],
  'raw bytes in the path': [400, { ':path': '/caf\xe9' }],
  'a port that is none': [400, { ':authority': 'shop.test:http' }],
  TRACE: [405, { ':method': 'TRACE' }],
  'a method that nobody knows': [501, { ':method': 'BREW' }],
  'a method named like a property of every object': [501, { ':method': 'constructor' }]
}

for (const [name, [status, headers]] of Object.entries(REFUSED)) {
  test(`${name} is refused with ${status}, and the connection lives on`, async (t) => {
    const { upstream, gateway } = await start(t)
    const client = http2Client(t, gateway)
    assert.equal((await answerOf(client.request(headers))).status, status)
    assert.equal(upstream.seen.length, 0)
    assert.equal((await answerOf(client.request({}))).status, 200)
  })
}

test('CONNECT is refused with 405, and extended CONNECT is not offered', async (t) => {
  const { upstream, gateway } = await start(t)
  const client = http2Client(t, gateway)
  const answer = await answerOf(client.request({ ':method': 'CONNECT', ':authority': 'db:5432' }))
  assert.equal(answer.status, 405)
  assert.match(String(answer.headers.allow), /GET, /)
  assert.notEqual(client.remoteSettings.enableConnectProtocol, true)
  assert.equal(upstream.seen.length, 0)
})

test('clients without ALPN, and those that ask for it, get HTTP/1.1 on the same port', async (t) => {
  const { gateway } = await start(t)
  const client = await import('node:https')
  for (const ALPNProtocols of [undefined, ['http/1.1']]) {
    const status = await new Promise((resolve, reject) => {
      const options = { ca: gateway.ca, agent: false, ...(ALPNProtocols && { ALPNProtocols }) }
      client
        .get(`${gateway.url}/x`, options, (response) => resolve([response.statusCode, response.httpVersion]))
        .once('error', reject)
    })
    assert.deepEqual(status, [200, '1.1'])
  }
})
