import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  type FrameClient,
  fieldBlock,
  frame,
  frameClient,
  number,
  PLAIN_FIELDS
} from '../helpers/http2-frames.ts'
import { answerOf, http2Client, type Listening, listening } from '../helpers/listening.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { hangingUpstream, okUpstream, type Upstream } from '../helpers/upstream.ts'

async function start(
  t: Cleanup,
  upstream?: Upstream
): Promise<{ gateway: Listening; client: FrameClient; upstream: Upstream }> {
  const app = upstream ?? (await okUpstream(t))
  const gateway = await listening(t, { proxy: { upstream: app.url }, h2c: true })
  return { gateway, client: await frameClient(t, gateway.port), upstream: app }
}

const ask = (stream: number): Buffer =>
  frame(FRAME.headers, END_HEADERS + END_STREAM, stream, fieldBlock(PLAIN_FIELDS))

/** Others are still served. */
async function isAlive(t: Cleanup, gateway: Listening): Promise<void> {
  assert.equal((await fetch(`http://127.0.0.1:${gateway.port}/`)).status, 200)
  assert.equal((await answerOf(http2Client(t, gateway).request({}))).status, 200)
}

test('a client that resets streams as fast as it opens them is cut off', async (t) => {
  const { gateway, client, upstream } = await start(t)
  const frames: Buffer[] = []
  for (let stream = 1; stream < 8000; stream += 2) {
    frames.push(ask(stream), frame(FRAME.reset, 0, stream, number(8)))
  }
  client.send(Buffer.concat(frames))
  await client.waitForFrame(({ type }) => type === FRAME.goaway)
  await sleep(100)
  assert.ok(upstream.seen.length < 1100, `${upstream.seen.length} requests reached the app`)
  assert.equal(gateway.app.proxy.inFlight, 0)
  await isAlive(t, gateway)
})

for (const [name, flood] of [
  ['pings', () => frame(FRAME.ping, 0, 0, '12345678')],
  ['settings', () => frame(FRAME.settings, 0, 0, Buffer.from([0, 3, 0, 0, 0, 9]))]
] as const) {
  test(`a flood of ${name} whose answers nobody reads is cut off`, async (t) => {
    const { gateway, client } = await start(t)
    client.socket.pause()
    const some = Buffer.concat(Array.from({ length: 10_000 }, flood))
    let sent = 0
    while (!client.socket.destroyed && sent < 60 && client.socket.writable) {
      await new Promise<void>((resolve) => client.socket.write(some, () => resolve()))
      sent++
      await sleep(1)
    }
    client.socket.resume()
    await client.ended()
    await isAlive(t, gateway)
  })
}

test('more streams than allowed at once are refused', async (t) => {
  const { gateway, client, upstream } = await start(t, await hangingUpstream(t))
  const settings = await client.waitForFrame(({ type, flags }) => type === FRAME.settings && flags === 0)
  const limits = new Map<number, number>()
  for (let at = 0; at < settings.payload.length; at += 6) {
    limits.set(settings.payload.readUInt16BE(at), settings.payload.readUInt32BE(at + 2))
  }
  assert.equal(limits.get(3), 100)
  // Until the client has acknowledged the limit, streams over it are refused; then they break the protocol.
  client.send(Buffer.concat(Array.from({ length: 120 }, (_, i) => ask(1 + 2 * i))))
  await client.waitForFrame(({ type }) => type === FRAME.reset)
  while (upstream.connections < 100) await sleep(5)
  assert.equal(gateway.app.proxy.inFlight, 100)
  client.send(frame(FRAME.settings, 1, 0))
  client.send(ask(1001))
  await client.waitForFrame(({ type }) => type === FRAME.goaway)
  while (upstream.connections > 0) await sleep(5)
})

test('a head that is too large is refused without asking the app', async (t) => {
  const { gateway, client, upstream } = await start(t)
  const fields = Array.from({ length: 40 }, (_, i) => [`x-${i}`, 'v'.repeat(1000)] as const)
  const block = fieldBlock([...PLAIN_FIELDS, ...fields])
  client.send(frame(FRAME.headers, END_STREAM, 1, block.subarray(0, 16_000)))
  client.send(frame(FRAME.continuation, 0, 1, block.subarray(16_000, 32_000)))
  client.send(frame(FRAME.continuation, END_HEADERS, 1, block.subarray(32_000)))
  await client.waitForFrame(({ type, stream }) => type === FRAME.headers && stream === 1)
  const answer = answerOf(http2Client(t, gateway).request(Object.fromEntries(fields)))
  assert.equal((await answer).status, 431)
  assert.equal(upstream.seen.length, 0)
  await isAlive(t, gateway)
})

test('a head that never ends is cut off', async (t) => {
  const { gateway, client } = await start(t)
  client.send(frame(FRAME.headers, END_STREAM, 1, fieldBlock(PLAIN_FIELDS)))
  const more = frame(FRAME.continuation, 0, 1, fieldBlock([['x', 'v'.repeat(10_000)]]))
  for (let i = 0; i < 200 && !client.closed; i++) {
    client.send(more)
    await sleep(1)
  }
  await client.ended()
  await isAlive(t, gateway)
})

test('a few bytes that stand for a huge head are not unpacked', async (t) => {
  const { gateway, client, upstream } = await start(t)
  // One field of 4 kB goes into the table of the connection (RFC 7541 section 6.2.1); after it, each byte names it again.
  const [name, value] = ['x', 'v'.repeat(3900)]
  const field = fieldBlock([[name, value]])
  field[0] = 0x40
  const bomb = Buffer.concat([fieldBlock(PLAIN_FIELDS), field, Buffer.alloc(12_000, 0xbe)])
  const before = process.memoryUsage.rss()
  for (let stream = 1; stream < 40; stream += 2) {
    client.send(
      frame(FRAME.headers, END_HEADERS + END_STREAM, stream, stream === 1 ? bomb : bomb.subarray(-12_000))
    )
  }
  await client.waitForFrame(({ type }) => type === FRAME.reset || type === FRAME.goaway)
  await sleep(100)
  assert.ok(process.memoryUsage.rss() - before < 100 * 1024 * 1024)
  assert.equal(upstream.seen.length, 0)
  await isAlive(t, gateway)
})

test('a window that is opened too far, or not at all, ends the connection', async (t) => {
  for (const [stream, bytes] of [
    [0, 0x7fffffff],
    [0, 0]
  ] as const) {
    const { gateway, client } = await start(t)
    client.send(frame(FRAME.windowUpdate, 0, stream, number(bytes)))
    await client.waitForFrame(({ type }) => type === FRAME.goaway)
    await client.ended()
    await isAlive(t, gateway)
  }
})

const FORBIDDEN: Record<string, readonly (readonly [string, string])[]> = {
  'a line break in the path': [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/ HTTP/1.1\r\nX-Evil: 1\r\n\r\n'],
    [':authority', 'h']
  ],
  'a space in the path': [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/a HTTP/1.1'],
    [':authority', 'h']
  ],
  'a line break in the authority': [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'h\r\nX-Evil: 1']
  ],
  'userinfo in the authority': [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'user@h']
  ],
  'a method with a line': [
    [':method', 'GET / HTTP/1.1\r\nX-Evil: 1\r\n\r\nGET'],
    [':scheme', 'http'],
    [':path', '/'],
    [':authority', 'h']
  ],
  'an upper-case name': [...PLAIN_FIELDS, ['X-A', 'b']],
  'Transfer-Encoding': [...PLAIN_FIELDS, ['transfer-encoding', 'chunked']],
  Connection: [...PLAIN_FIELDS, ['connection', 'x-a']],
  Upgrade: [...PLAIN_FIELDS, ['upgrade', 'websocket']],
  'a pseudo field after a regular one': [...PLAIN_FIELDS.slice(0, 3), ['x-a', 'b'], [':authority', 'h']],
  'two paths': [...PLAIN_FIELDS, [':path', '/b']],
  'no path': PLAIN_FIELDS.filter(([name]) => name !== ':path'),
  'a path without a slash': [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', 'a'],
    [':authority', 'h']
  ],
  'no host at all': PLAIN_FIELDS.filter(([name]) => name !== ':authority'),
  'two lengths': [...PLAIN_FIELDS, ['content-length', '0'], ['content-length', '1']],
  'extended CONNECT': [...PLAIN_FIELDS.slice(1), [':method', 'CONNECT'], [':protocol', 'websocket']]
}

for (const [name, fields] of Object.entries(FORBIDDEN)) {
  test(`a request with ${name} does not reach the app`, async (t) => {
    const { gateway, client, upstream } = await start(t)
    client.send(frame(FRAME.headers, END_HEADERS + END_STREAM, 1, fieldBlock(fields)))
    const answer = await client.waitForFrame(
      ({ type, stream }) =>
        type === FRAME.goaway || (stream === 1 && (type === FRAME.reset || type === FRAME.headers))
    )
    // The first byte of a field block that begins with `:status: 400` of the static table.
    if (answer.type === FRAME.headers) assert.equal(answer.payload[0], 0x8c)
    assert.equal(upstream.seen.length, 0)
    await isAlive(t, gateway)
  })
}

test('a field that HTTP/1.1 could not say does not get to the app', async (t) => {
  const { client, upstream } = await start(t)
  const fields = fieldBlock([...PLAIN_FIELDS, ['x-a', 'b\r\nX-Evil: 1'], ['x:b', 'c'], ['x-nul', 'a\0b']])
  client.send(frame(FRAME.headers, END_HEADERS + END_STREAM, 1, fields))
  await client.waitForFrame(({ type, stream }) => stream === 1 && type === FRAME.headers)
  assert.doesNotMatch(JSON.stringify(upstream.seen), /evil|x:b|x-nul/i)
})

for (const [name, length] of [
  ['longer', '2'],
  ['shorter', '9']
] as const) {
  test(`a body ${name} than its length is not passed on as whole`, async (t) => {
    const { gateway, client, upstream } = await start(t)
    const fields = fieldBlock([[':method', 'POST'], ...PLAIN_FIELDS.slice(1), ['content-length', length]])
    client.send(frame(FRAME.headers, END_HEADERS, 1, fields))
    client.send(frame(FRAME.data, END_STREAM, 1, 'body'))
    await client.waitForFrame(({ type }) => type === FRAME.reset || type === FRAME.goaway)
    assert.equal(upstream.seen.length, 0)
    await isAlive(t, gateway)
  })
}

test('a client that is gone without a word leaves nothing behind', async (t) => {
  const { gateway, client, upstream } = await start(t, await hangingUpstream(t))
  for (let i = 0; i < 50; i++) client.send(ask(1 + 2 * i))
  while (upstream.connections < 50) await sleep(5)
  client.socket.resetAndDestroy()
  for (let i = 0; i < 200 && upstream.connections > 0; i++) await sleep(5)
  assert.deepEqual([upstream.connections, gateway.app.proxy.inFlight], [0, 0])
})
