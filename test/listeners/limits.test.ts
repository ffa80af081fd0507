import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { answerOf, http2Client, listening } from '../helpers/listening.ts'
import { type RawClient, rawClient } from '../helpers/raw-client.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { hangingUpstream, httpUpstream, okUpstream, slowUpstream, tcpUpstream } from '../helpers/upstream.ts'

const IDLE_MS = 400
const MIB = 1_048_576

test('a head that does not come in time is answered with 408, over TLS as well', async (t) => {
  const upstream = await okUpstream(t)
  for (const tls of [false, true]) {
    const gateway = await listening(t, { proxy: { upstream: upstream.url }, headTimeoutMs: 300, tls })
    const socket = tls
      ? connectTls({ port: gateway.port, ca: gateway.ca, servername: 'localhost' })
      : createConnection(gateway.port, '127.0.0.1')
    t.after(() => socket.destroy())
    let got = ''
    socket.on('data', (bytes: Buffer) => {
      got += bytes
    })
    const drip = setInterval(() => socket.write('x'), 20)
    t.after(() => clearInterval(drip))
    socket.on('error', () => undefined)
    socket.write('GET / HTTP/1.1\r\nHost: h\r\nX: ')
    await new Promise((resolve) => socket.once('close', resolve))
    clearInterval(drip)
    assert.match(got, /^HTTP\/1\.1 408 /)
  }
})

test('a connection that never says a word is closed', async (t) => {
  const upstream = await okUpstream(t)
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, headTimeoutMs: 300 })
  const client = await rawClient(t, gateway.port)
  await client.ended()
})

const UPLOADS = {
  'with a length': 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf',
  'in chunks': 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'
}

for (const [name, text] of Object.entries(UPLOADS)) {
  test(`an upload ${name} that stops is answered with 408, and the app is not blamed`, async (t) => {
    const upstream = await hangingUpstream(t)
    const gateway = await listening(t, { proxy: { upstream: upstream.url, clientIdleTimeoutMs: IDLE_MS } })
    const client = await rawClient(t, gateway.port)
    const begin = performance.now()
    client.send(text)
    await client.waitFor(/^HTTP\/1\.1 408 [\s\S]*connection: close/i)
    assert.ok(performance.now() - begin >= IDLE_MS)
    await client.ended()
    while (upstream.connections > 0) await sleep(5)
    assert.equal(gateway.app.proxy.inFlight, 0)
    assert.deepEqual(
      gateway.app.proxy.upstreams.map(({ breaker }) => breaker),
      ['closed']
    )
  })
}

test('an upload over HTTP/2 that stops is answered with 408, and the connection lives on', async (t) => {
  const upstream = await hangingUpstream(t)
  const gateway = await listening(t, {
    proxy: { upstream: upstream.url, clientIdleTimeoutMs: IDLE_MS },
    tls: true
  })
  const client = http2Client(t, gateway)
  const stream = client.request({ ':method': 'POST' }, { endStream: false })
  stream.write('half')
  const answer = await answerOf(stream)
  assert.equal(answer.status, 408)
  while (upstream.connections > 0) await sleep(5)
  assert.equal(client.closed, false)
})

test('an upload that is slow but moves is not cut, nor one that waits for a slow app', async (t) => {
  const slow = await httpUpstream(t, async (request, response) => {
    let bytes = 0
    for await (const chunk of request) bytes += (chunk as Buffer).length
    response.end(String(bytes))
  })
  const proxy = { upstream: slow.url, clientIdleTimeoutMs: IDLE_MS }
  const gateway = await listening(t, { proxy, clientIdleTimeoutMs: IDLE_MS })
  const client = await rawClient(t, gateway.port)
  client.send('POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 10\r\n\r\n')
  for (let i = 0; i < 10; i++) {
    client.send('x')
    await sleep(IDLE_MS / 3)
  }
  await client.waitFor(/^HTTP\/1\.1 200 [\s\S]*10$/)

  const stuck = await tcpUpstream(t, (socket) => {
    socket.pause()
    setTimeout(() => socket.resume(), 3 * IDLE_MS)
    let bytes = 0
    socket.on('data', (chunk) => {
      bytes += chunk.length
      if (bytes > 30 * MIB) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
    socket.pause()
  })
  const other = await listening(t, {
    proxy: { ...proxy, upstream: stuck.url },
    clientIdleTimeoutMs: IDLE_MS
  })
  const answer = await fetch(`http://127.0.0.1:${other.port}/`, {
    method: 'POST',
    body: Buffer.alloc(30 * MIB)
  })
  assert.equal(await answer.text(), 'ok')
})

test('a request that waits for the app longer than clients may be silent is served', async (t) => {
  const upstream = await slowUpstream(t, 4 * IDLE_MS)
  const gateway = await listening(t, {
    proxy: { upstream: upstream.url, clientIdleTimeoutMs: IDLE_MS },
    clientIdleTimeoutMs: IDLE_MS,
    h2c: true
  })
  const [one, two] = await Promise.all([
    fetch(`http://127.0.0.1:${gateway.port}/`, { method: 'POST', body: 'x' }),
    answerOf(http2Client(t, gateway).request({}))
  ])
  assert.deepEqual([one.status, two.status], [200, 200])
})

test('a client that is answered early and neither finishes its body nor leaves is closed', async (t) => {
  const upstream = await okUpstream(t)
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, clientIdleTimeoutMs: IDLE_MS })
  await gateway.app.maintenance.enter({})
  const client = await rawClient(t, gateway.port)
  client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf')
  await client.waitFor(/^HTTP\/1\.1 503 /)
  await client.ended()
})

/** Asks for more than fits anywhere, and reads nothing. */
async function askAndStall(client: RawClient | Socket, path: string): Promise<void> {
  const socket = 'socket' in client ? client.socket : client
  socket.on('error', () => undefined)
  socket.pause()
  socket.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`)
}

test('a client that does not read is cut: relayed answers and files, with TLS and without', async (t) => {
  const upstream = await httpUpstream(t, (_request, response) => {
    response.end(Buffer.alloc(30 * MIB))
  })
  const root = tempDir(t)
  writeFileSync(join(root, 'big'), Buffer.alloc(30 * MIB))
  for (const tls of [false, true]) {
    const proxy = { upstream: upstream.url }
    const gateway = await listening(t, { proxy, static: root, tls, clientIdleTimeoutMs: IDLE_MS })
    for (const path of ['/app', '/big']) {
      const socket = tls
        ? connectTls({ port: gateway.port, ca: gateway.ca, servername: 'localhost' })
        : createConnection(gateway.port, '127.0.0.1')
      t.after(() => socket.destroy())
      await new Promise((resolve) => socket.once(tls ? 'secureConnect' : 'connect', resolve))
      await askAndStall(socket, path)
      const begin = performance.now()
      while ((await connectionsOf(gateway.port)) > 0) {
        assert.ok(performance.now() - begin < 5000, `${path} is still open`)
        await sleep(20)
      }
      assert.ok(performance.now() - begin >= IDLE_MS / 2, `${path} was cut too early`)
    }
    while (upstream.connections > 0) await sleep(5)
    assert.equal(gateway.app.proxy.inFlight, 0)
  }
})

/** Established connections that a server of this process has accepted at a port. */
async function connectionsOf(port: number): Promise<number> {
  const { readFileSync } = await import('node:fs')
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .filter((line) => {
      const [, from = '', , state] = line.trim().split(/\s+/)
      return from.endsWith(local) && state === '01'
    }).length
}

test('a stream that is not read is cut, the others on its connection are not', async (t) => {
  const upstream = await httpUpstream(t, (request, response) => {
    response.end(request.url === '/big' ? Buffer.alloc(5 * MIB) : 'ok')
  })
  const proxy = { upstream: upstream.url }
  const gateway = await listening(t, { proxy, tls: true, clientIdleTimeoutMs: IDLE_MS })
  const client = http2Client(t, gateway)
  const stuck = client.request({ ':path': '/big' })
  stuck.pause()
  const reset = new Promise((resolve) => stuck.once('error', resolve).once('close', resolve))
  await new Promise((resolve) => stuck.once('response', resolve))
  for (let i = 0; i < 5; i++) {
    assert.equal((await answerOf(client.request({}))).body, 'ok')
    await sleep(IDLE_MS / 3)
  }
  stuck.resume()
  await reset
  assert.equal((await answerOf(client.request({}))).body, 'ok')
  assert.equal(gateway.app.proxy.inFlight, 0)
})

test('a client that reads slowly but reads is not cut', async (t) => {
  const upstream = await httpUpstream(t, (_request, response) => {
    response.end(Buffer.alloc(12 * MIB))
  })
  const gateway = await listening(t, {
    proxy: { upstream: upstream.url },
    tls: true,
    // The system takes more only once a good part of its own buffer is free.
    clientIdleTimeoutMs: 5 * IDLE_MS
  })
  const bytes = await new Promise((resolve, reject) => {
    get(gateway.url, { ca: gateway.ca, agent: false }, async (response) => {
      let read = 0
      try {
        for await (const chunk of response) {
          read += (chunk as Buffer).length
          await sleep(read % 10 === 0 ? 10 : 3)
        }
      } catch (error) {
        reject(error)
      }
      resolve(read)
    })
  })
  assert.equal(bytes, 12 * MIB)
})
