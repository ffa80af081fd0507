import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { constants } from 'node:http2'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  fieldBlock,
  frame,
  frameClient,
  number,
  PLAIN_FIELDS
} from '../helpers/http2-frames.ts'
import { answerOf, http2Client, listening } from '../helpers/listening.ts'
import { httpUpstream, okUpstream, slowUpstream, tcpUpstream } from '../helpers/upstream.ts'

const MIB = 1_048_576

async function until(what: () => boolean, withinMs = 5000): Promise<void> {
  const end = performance.now() + withinMs
  while (!what()) {
    if (performance.now() > end) throw new Error(`not so within ${withinMs} ms: ${what}`)
    await sleep(5)
  }
}

for (const tls of [true, false]) {
  test(`large bodies pass both ways, ${tls ? 'over TLS' : 'without TLS'}`, async (t) => {
    const upstream = await httpUpstream(t, async (request, response) => {
      const hash = createHash('sha256')
      for await (const chunk of request) hash.update(chunk as Buffer)
      response.setHeader('x-sum', hash.digest('hex'))
      response.end(Buffer.alloc(20 * MIB, 'z'))
    })
    const gateway = await listening(t, { proxy: { upstream: upstream.url }, tls, h2c: true })
    const client = http2Client(t, gateway)
    const body = Buffer.alloc(20 * MIB, 'abcdefg')
    const answer = await answerOf(client.request({ ':method': 'POST' }, { endStream: false }), body)
    assert.equal(answer.headers['x-sum'], createHash('sha256').update(body).digest('hex'))
    assert.equal(answer.body.length, 20 * MIB)
    assert.equal(gateway.app.proxy.inFlight, 0)
  })
}

test('a client that does not read holds the app back', async (t) => {
  let sent = 0
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${200 * MIB}\r\n\r\n`)
      const chunk = Buffer.alloc(65_536)
      const more = (): void => {
        while (sent < 200 * MIB && socket.writable) {
          sent += chunk.length
          if (!socket.write(chunk)) return
        }
      }
      socket.on('drain', more)
      more()
    })
  })
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, tls: true })
  const stream = http2Client(t, gateway).request({})
  stream.on('error', () => undefined)
  await new Promise((resolve) => stream.once('response', resolve))
  stream.pause()
  await sleep(500)
  const before = sent
  await sleep(300)
  assert.equal(sent, before)
  assert.ok(sent < 50 * MIB, `${sent} bytes have left the app`)
  stream.close()
})

test('an app that does not read holds the client back', async (t) => {
  const upstream = await tcpUpstream(t, (socket) => socket.pause())
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, tls: true })
  const stream = http2Client(t, gateway).request({ ':method': 'POST' }, { endStream: false })
  stream.on('error', () => undefined)
  let taken = 0
  const chunk = Buffer.alloc(65_536)
  const more = (): void => {
    if (taken > 100 * MIB || stream.destroyed) return
    stream.write(chunk, () => {
      taken += chunk.length
      more()
    })
  }
  more()
  await sleep(700)
  const before = taken
  await sleep(300)
  assert.equal(taken, before)
  assert.ok(taken < 30 * MIB, `${taken} bytes have left the client`)
  stream.close()
})

// Node's own client would end the stream before it resets it.
for (const [name, code] of [
  ['CANCEL', 8],
  ['NO_ERROR', 0]
] as const) {
  for (const length of [[], [['content-length', '10'] as const]]) {
    test(`an upload ${length.length > 0 ? 'with a length' : 'in chunks'} that is reset with ${name} never looks whole to the app`, async (t) => {
      let got = ''
      const upstream = await tcpUpstream(t, (socket) => {
        socket.on('data', (bytes) => {
          got += bytes
        })
      })
      const gateway = await listening(t, { proxy: { upstream: upstream.url }, h2c: true })
      const client = await frameClient(t, gateway.port)
      const fields = fieldBlock([[':method', 'POST'], ...PLAIN_FIELDS.slice(1), ...length])
      client.send(frame(FRAME.headers, END_HEADERS, 1, fields))
      client.send(frame(FRAME.data, 0, 1, 'half'))
      await until(() => got.includes('half'))
      client.send(frame(FRAME.reset, 0, 1, number(code)))
      await until(() => gateway.app.proxy.inFlight === 0 && upstream.connections === 0)
      assert.match(got, /half(\r\n)?$/)
      client.send(frame(FRAME.headers, END_HEADERS + END_STREAM, 3, fieldBlock(PLAIN_FIELDS)))
      await until(() => upstream.connections === 1)
    })
  }
}

test('a client that leaves before the answer cancels it at once', async (t) => {
  const upstream = await slowUpstream(t, 10_000)
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, tls: true })
  const client = http2Client(t, gateway)
  const streams = Array.from({ length: 50 }, () => client.request({}).on('error', () => undefined))
  await until(() => upstream.connections === 50)
  for (const stream of streams.slice(0, 25)) stream.close(constants.NGHTTP2_CANCEL)
  await until(() => upstream.connections === 25)
  client.destroy()
  await until(() => upstream.connections === 0 && gateway.app.proxy.inFlight === 0)
})

test('an early answer to an upload comes through, and the client is asked to stop', async (t) => {
  const upstream = await httpUpstream(t, (_request, response) => {
    response.writeHead(413, { 'content-length': 4, connection: 'close' }).end('full')
  })
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, tls: true })
  const client = http2Client(t, gateway)
  const stream = client.request({ ':method': 'PUT' }, { endStream: false })
  stream.write(Buffer.alloc(1000))
  const answer = await answerOf(stream)
  assert.deepEqual([answer.status, answer.body], [413, 'full'])
  assert.equal((await answerOf(client.request({}))).status, 413)
})

test('a slow stream does not hold up the others on its connection', async (t) => {
  const upstream = await httpUpstream(t, async (request, response) => {
    if (request.url === '/slow') await sleep(10_000)
    response.end('ok')
  })
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, tls: true })
  const client = http2Client(t, gateway)
  for (let i = 0; i < 90; i++) client.request({ ':path': '/slow' }).on('error', () => undefined)
  const begin = performance.now()
  assert.equal((await answerOf(client.request({ ':path': '/fast' }))).body, 'ok')
  assert.ok(performance.now() - begin < 2000)
})

test('at a stop, open streams finish and new ones go elsewhere', async (t) => {
  const upstream = await slowUpstream(t, 300)
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, tls: true })
  const client = http2Client(t, gateway)
  const answer = answerOf(client.request({}))
  await until(() => upstream.connections === 1)
  const goaway = new Promise((resolve) => client.once('goaway', resolve))
  const closed = gateway.close(5000)
  await goaway
  assert.equal((await answer).status, 200)
  await closed
})

test('idle connections are let go at a stop at once', async (t) => {
  const upstream = await okUpstream(t)
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, tls: true })
  const client = http2Client(t, gateway)
  await answerOf(client.request({}))
  const begin = performance.now()
  await gateway.close(10_000)
  assert.ok(performance.now() - begin < 2000)
})

test('a connection without requests is let go after the time for that, and pings do not put it off', async (t) => {
  const upstream = await okUpstream(t)
  const proxy = { upstream: upstream.url }
  const gateway = await listening(t, { proxy, tls: true, keepAliveTimeoutMs: 400 })
  const client = http2Client(t, gateway)
  const pings = setInterval(() => client.destroyed || client.ping(() => undefined), 50)
  t.after(() => clearInterval(pings))
  for (let n = 0; n < 3; n++) {
    await sleep(250)
    assert.equal((await answerOf(client.request({}))).status, 200)
  }
  const begin = performance.now()
  await new Promise((resolve) => client.once('close', resolve))
  assert.ok(performance.now() - begin >= 350)
})

test('a connection that has ended leaves no timer behind', async (t) => {
  const KEEP_ALIVE_MS = 123_456
  const upstream = await okUpstream(t)
  const gateway = await listening(t, {
    proxy: { upstream: upstream.url },
    tls: true,
    keepAliveTimeoutMs: KEEP_ALIVE_MS
  })
  const timers = new Set<number>()
  let made = 0
  const hook = createHook({
    init(id, type, _trigger, resource) {
      if (type !== 'Timeout' || (resource as { _idleTimeout?: number })._idleTimeout !== KEEP_ALIVE_MS) return
      made++
      timers.add(id)
    },
    destroy: (id) => timers.delete(id)
  }).enable()
  t.after(() => hook.disable())
  for (let n = 0; n < 5; n++) {
    const client = http2Client(t, gateway)
    await answerOf(client.request({}))
    client.close()
  }
  await until(() => made === 5 && timers.size === 0)
})
