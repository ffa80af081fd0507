import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { front } from '../helpers/front.ts'
import { rawClient } from '../helpers/raw-client.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { tcpUpstream, type Upstream } from '../helpers/upstream.ts'

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'
/** Time-outs are noticed a little late. */
const LATE_MS = 400

/** An app that plays its part once it has been asked, and says when its connection was closed. */
async function playing(
  t: Cleanup,
  play: (socket: Socket) => void,
  options: { responseTimeoutMs?: number; idleTimeoutMs?: number }
): Promise<{ upstream: Upstream; url: string; port: number; closed: Promise<number> }> {
  let onClosed: (atMs: number) => void
  const closed = new Promise<number>((resolve) => {
    onClosed = resolve
  })
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () => play(socket))
    socket.on('close', () => onClosed(performance.now()))
  })
  return { upstream, closed, ...(await front(t, { upstream: upstream.url, ...options })) }
}

test('a response that stops moving is cut, and the app is told so by the end of its connection', async (t) => {
  const { url, closed } = await playing(t, (socket) => socket.write(`${HEAD}half`), {
    idleTimeoutMs: 300,
    responseTimeoutMs: 60_000
  })
  const startMs = performance.now()
  const answer = await fetch(url)
  assert.equal(answer.status, 200)
  await assert.rejects(answer.text())
  const afterMs = (await closed) - startMs
  assert.ok(afterMs >= 295 && afterMs < 300 + LATE_MS, `${afterMs} ms`)
})

test('a response that moves within each time-out may take as long as it likes', async (t) => {
  const { url } = await playing(
    t,
    async (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n')
      for (let n = 0; n < 10; n++) {
        await sleep(100)
        socket.write('x')
      }
    },
    { idleTimeoutMs: 400, responseTimeoutMs: 60_000 }
  )
  assert.equal(await (await fetch(url)).text(), 'x'.repeat(10))
})

test('a client that reads slowly does not let the time-out of the response run out', async (t) => {
  const size = 20_000_000
  const { port, closed } = await playing(
    t,
    (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`)
      socket.end(Buffer.alloc(size, 'x'))
    },
    { idleTimeoutMs: 300 }
  )
  const client = await rawClient(t, port)
  client.socket.pause()
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  let isClosed = false
  void closed.then(() => {
    isClosed = true
  })
  await sleep(1000)
  assert.equal(isClosed, false, 'the app still has something to send')
  client.socket.resume()
  await closed
  while (client.received.length < size) await sleep(10)
})

test('an app that does not take a body is given up with 504', async (t) => {
  let wakeUp = (): void => {}
  const { port, closed } = await playing(
    t,
    (socket) => {
      socket.pause()
      wakeUp = () => socket.resume()
    },
    { idleTimeoutMs: 400 }
  )
  const client = await rawClient(t, port)
  const startMs = performance.now()
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n')
  client.socket.write(Buffer.alloc(20_000_000))
  await client.waitFor(/^HTTP\/1\.1 504 /)
  const afterMs = performance.now() - startMs
  assert.ok(afterMs >= 395, `${afterMs} ms`)
  // Who does not read does not see the end either.
  wakeUp()
  await closed
  client.socket.destroy()
})

test('the time for the response begins when the request is sent whole', async (t) => {
  const { port } = await playing(t, () => {}, { responseTimeoutMs: 300, idleTimeoutMs: 60_000 })
  const client = await rawClient(t, port)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nx')
  await sleep(700)
  assert.equal(client.received, '')
  const sentMs = performance.now()
  client.send('y')
  await client.waitFor(/^HTTP\/1\.1 504 /)
  const afterMs = performance.now() - sentMs
  assert.ok(afterMs >= 295 && afterMs < 300 + LATE_MS, `${afterMs} ms`)
})
