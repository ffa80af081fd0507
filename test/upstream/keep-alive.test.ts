import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CLEAN_AFTER_KEPT, createKeepRecord } from '../../src/upstream/keep-record.ts'
import { front } from '../helpers/front.ts'
import { rawClient } from '../helpers/raw-client.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { httpUpstream, readRequest, tcpUpstream, type Upstream } from '../helpers/upstream.ts'

const MINUTE_MS = 60_000

test('a record is clean after a time and many connections without a broken one', () => {
  const record = createKeepRecord(0)
  for (let n = 0; n < CLEAN_AFTER_KEPT; n++) record.onKept()
  assert.equal(record.isClean(9_000), false)
  assert.equal(record.isClean(10_000), true)
  const unused = createKeepRecord(0)
  assert.equal(unused.isClean(MINUTE_MS), false)
})

test('a broken connection spoils a record for minutes, not for ever', () => {
  const record = createKeepRecord(0)
  for (let n = 0; n < CLEAN_AFTER_KEPT; n++) record.onKept()
  record.onBroken(MINUTE_MS)
  for (let n = 0; n < CLEAN_AFTER_KEPT; n++) record.onKept()
  assert.equal(record.isClean(3 * MINUTE_MS), false)
  assert.equal(record.isClean(7 * MINUTE_MS), true)
})

/** An upstream that notes on which of its connections each request came, and the Connection field. */
async function numbered(
  t: Parameters<typeof httpUpstream>[0]
): Promise<{ upstream: Upstream; on: string[] }> {
  const on: string[] = []
  const numbers = new Map<object, number>()
  const upstream = await httpUpstream(t, async (request, response, seen) => {
    const number = numbers.get(request.socket) ?? numbers.size + 1
    numbers.set(request.socket, number)
    await readRequest(request, seen)
    on.push(`${request.method} ${number} ${request.headers.connection ?? ''}`.trim())
    response.end('ok')
  })
  return { upstream, on }
}

test('a request that must not be sent twice gets a connection that nobody has kept; a GET takes a kept one', async (t) => {
  const { upstream, on } = await numbered(t)
  const { url } = await front(t, { upstream: upstream.url })
  for (const method of ['GET', 'POST', 'GET', 'PUT', 'DELETE', 'GET', 'HEAD', 'OPTIONS']) {
    const body = method === 'POST' || method === 'PUT' ? { body: 'x' } : {}
    await (await fetch(url, { method, ...body })).arrayBuffer()
  }
  assert.deepEqual(on, ['GET 1', 'POST 2', 'GET 2', 'PUT 3', 'DELETE 4', 'GET 4', 'HEAD 4', 'OPTIONS 4'])
})

test('when enough connections are kept already, one for a single request is announced as such', async (t) => {
  const { upstream, on } = await numbered(t)
  const { url, app } = await front(t, { upstream: upstream.url })
  for (let n = 0; n < CLEAN_AFTER_KEPT + 3; n++)
    await (await fetch(url, { method: 'POST', body: 'x' })).arrayBuffer()
  await waitUntil(() => app.proxy.upstreams[0]!.connections === CLEAN_AFTER_KEPT)
  assert.equal(on.at(-4), `POST ${CLEAN_AFTER_KEPT}`)
  assert.equal(on.at(-1), `POST ${CLEAN_AFTER_KEPT + 3} close`)
})

test('a connection is given up before the time for which the upstream says that it keeps it', async (t) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.on('data', () =>
      socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: max=9, timeout=1\r\nContent-Length: 2\r\n\r\nok')
    )
  })
  const { url } = await front(t, { upstream: upstream.url })
  await (await fetch(url)).arrayBuffer()
  await sleep(250)
  assert.equal(upstream.connections, 1)
  await sleep(550)
  assert.equal(upstream.connections, 0)
})

test('a connection that nobody needed is closed at once, so that an app which is to stop does not wait for it', async (t) => {
  const upstream = await httpUpstream(t, (_request, response) => response.end('ok'))
  await front(t, { upstream: upstream.url, healthCheck: 'tcp', healthIntervalMs: 60_000 })
  await waitUntil(async () => upstream.connections === 1)
  await waitUntil(async () => upstream.connections === 0, 2000)
  assert.equal(upstream.seen.length, 0)
})

test("what an app says on a kept connection just before it is asked is nobody's answer", async (t) => {
  const sockets: Socket[] = []
  const upstream = await tcpUpstream(t, (socket) => {
    const number = sockets.push(socket)
    socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${number}`))
  })
  const { port } = await front(t, { upstream: upstream.url })
  const client = await rawClient(t, port)
  const get = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'
  client.send(get)
  await client.waitFor(/\r\n\r\n1$/)
  // Both leave at once, so that the proxy, which runs in this process, reads them in one turn.
  client.send(get)
  sockets[0]!.end('HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n')
  await client.waitFor(/1HTTP\/1.1 200 OK[\s\S]*\r\n\r\n2$/)
})
