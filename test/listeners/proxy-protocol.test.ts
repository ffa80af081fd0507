import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { addAccessLog } from '../../src/access-log.ts'
import { createTrust } from '../../src/peer.ts'
import { fieldsOf } from '../helpers/front.ts'
import { answerOf, type Listening, type ListeningOptions, listening } from '../helpers/listening.ts'
import { rawClient } from '../helpers/raw-client.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { okUpstream, type SeenRequest, type Upstream } from '../helpers/upstream.ts'

const HEADER = 'PROXY TCP4 203.0.113.7 192.0.2.1 5555 443\r\n'
const REQUEST = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n'

async function start(
  t: Cleanup,
  options: Partial<ListeningOptions> = {},
  trustProxy = ['127.0.0.1']
): Promise<{ gateway: Listening; upstream: Upstream }> {
  const upstream = await okUpstream(t)
  const gateway = await listening(t, {
    proxy: { upstream: upstream.url, trustProxy },
    sendsProxyHeader: createTrust(trustProxy),
    ...options
  })
  return { gateway, upstream }
}

function forwardedFor(seen: SeenRequest | undefined): string[] {
  return fieldsOf(seen!, 'x-forwarded-for')
}

for (const h2c of [false, true]) {
  test(`the address in the header is the visitor's${h2c ? ', with HTTP/2 beside it' : ''}`, async (t) => {
    const { gateway, upstream } = await start(t, { h2c })
    for (const pieces of [[HEADER + REQUEST], [HEADER, REQUEST], [...(HEADER + REQUEST)]]) {
      const client = await rawClient(t, gateway.port)
      client.socket.setNoDelay(true)
      for (const piece of pieces) {
        client.send(piece)
        await sleep(pieces.length > 2 ? 1 : 10)
      }
      await client.ended()
      assert.match(client.received, /^HTTP\/1\.1 200 /)
      // It is no proxy that we trust, so what it says of others is not believed.
      assert.deepEqual(forwardedFor(upstream.seen.at(-1)), ['203.0.113.7'])
    }
    assert.equal(upstream.seen.length, 3)
  })
}

test('a connection may be kept, and large bodies pass after the header', async (t) => {
  const { gateway, upstream } = await start(t)
  const client = await rawClient(t, gateway.port)
  const body = 'x'.repeat(1_000_000)
  client.send(`${HEADER}POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  await client.waitFor(/HTTP\/1\.1 200 /, 10_000)
  while (upstream.seen.length < 1) await sleep(5)
  client.send(REQUEST)
  await client.ended()
  assert.deepEqual(
    upstream.seen.map((seen) => [seen.method, seen.body.length, ...forwardedFor(seen)]),
    [
      ['POST', 1_000_000, '203.0.113.7'],
      ['GET', 0, '203.0.113.7']
    ]
  )
})

async function tlsAfter(
  t: Cleanup,
  gateway: Listening,
  bytes: string,
  ALPNProtocols: string[]
): Promise<Socket> {
  const raw = connect(gateway.port, '127.0.0.1')
  raw.write(bytes)
  const socket = connectTls({ socket: raw, servername: 'localhost', ca: gateway.ca, ALPNProtocols })
  t.after(() => socket.destroy())
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject))
  return socket
}

test('the header comes before TLS, for HTTP/1.1 and HTTP/2', async (t) => {
  const lines = new PassThrough({ encoding: 'utf8' })
  const prepare: ListeningOptions['prepare'] = (app) => addAccessLog(app, { format: 'json', output: lines })
  const { gateway, upstream } = await start(t, { tls: true, prepare })
  const one = await tlsAfter(t, gateway, HEADER, ['http/1.1'])
  one.write(REQUEST)
  await new Promise((resolve) => one.once('data', resolve))
  assert.deepEqual(forwardedFor(upstream.seen[0]), ['203.0.113.7'])
  assert.deepEqual(fieldsOf(upstream.seen[0]!, 'x-forwarded-proto'), ['https'])

  const two = await tlsAfter(t, gateway, HEADER.replace('.7', '.8'), ['h2'])
  const { connect: connectHttp2 } = await import('node:http2')
  const session = connectHttp2(gateway.url, { createConnection: () => two })
  t.after(() => session.destroy())
  assert.equal((await answerOf(session.request({}))).status, 200)
  assert.deepEqual(forwardedFor(upstream.seen[1]), ['203.0.113.8'])
  await sleep(20)
  assert.deepEqual(String(lines.read()).match(/"peer":"[^"]+"/g), [
    '"peer":"203.0.113.7"',
    '"peer":"203.0.113.8"'
  ])
})

test("a load balancer's own connections keep their address", async (t) => {
  const { gateway, upstream } = await start(t)
  const client = await rawClient(t, gateway.port)
  client.send(`PROXY UNKNOWN\r\n${REQUEST}`)
  await client.ended()
  // The peer is the trusted load balancer itself, so what it says is believed.
  assert.deepEqual(forwardedFor(upstream.seen[0]), ['6.6.6.6, 127.0.0.1'])
})

test('who is not trusted speaks without a header, and is not heard with one', async (t) => {
  const { gateway, upstream } = await start(t, {}, ['10.0.0.0/8'])
  const plain = await rawClient(t, gateway.port)
  plain.send(REQUEST)
  await plain.ended()
  assert.deepEqual(forwardedFor(upstream.seen[0]), ['127.0.0.1'])
  const forged = await rawClient(t, gateway.port)
  forged.send(HEADER + REQUEST)
  await forged.ended()
  assert.match(forged.received, /^HTTP\/1\.1 400 /)
  assert.equal(upstream.seen.length, 1)
})

for (const [name, bytes] of Object.entries({
  'a plain request': REQUEST,
  'a bad address': HEADER.replace('203', '999') + REQUEST,
  'a line without end': `PROXY ${'x'.repeat(500)}`
})) {
  test(`${name} from a trusted peer ends the connection without a word`, async (t) => {
    const { gateway, upstream } = await start(t)
    const client = await rawClient(t, gateway.port)
    client.send(bytes)
    await client.ended()
    assert.equal(client.received, '')
    assert.equal(upstream.seen.length, 0)
  })
}

test('a peer that does not finish its header is cut off after five seconds', async (t) => {
  const { gateway } = await start(t)
  const client = await rawClient(t, gateway.port)
  client.send('PROXY TCP4 ')
  await client.ended(8000)
  assert.equal(client.received, '')
})

test('a peer that leaves within its header leaves nothing behind', async (t) => {
  const { gateway } = await start(t)
  for (let i = 0; i < 20; i++) {
    const client = await rawClient(t, gateway.port)
    client.send('PROXY TCP4 ')
    if (i % 2 === 0) client.socket.resetAndDestroy()
    else client.socket.end()
  }
  const begin = performance.now()
  await gateway.close(10_000)
  assert.ok(performance.now() - begin < 2000)
})
