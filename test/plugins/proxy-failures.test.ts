import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { front } from '../helpers/front.ts'
import { listening } from '../helpers/listening.ts'
import { rawClient, rawExchange } from '../helpers/raw-client.ts'
import {
  garbageUpstream,
  hangingUpstream,
  httpUpstream,
  missingSocket,
  okUpstream,
  refusingUpstream,
  resettingUpstream,
  staleSocket,
  statusUpstream,
  tcpUpstream
} from '../helpers/upstream.ts'

test('an upstream that cannot be reached is 502, for every method, and back at once', async (t) => {
  const upstream = await okUpstream(t)
  const { url } = await front(t, { upstream: upstream.url })
  await upstream.stop()
  for (const method of ['GET', 'POST', 'HEAD', 'DELETE', 'OPTIONS']) {
    const response = await fetch(url, { method, ...(method === 'POST' ? { body: 'x'.repeat(300_000) } : {}) })
    assert.deepEqual(
      [response.status, response.headers.get('intermission-reason')],
      [502, 'upstream-unreachable'],
      method
    )
    await response.arrayBuffer()
  }
  await upstream.start()
  assert.equal((await fetch(url)).status, 200)
})

test('no socket file, a stale one, a reset and garbage are 502 without internals', async (t) => {
  const cases: [string, string][] = [
    [missingSocket(t), 'upstream-unreachable'],
    [await staleSocket(t), 'upstream-unreachable'],
    [await refusingUpstream(), 'upstream-unreachable'],
    ['http://no-such-host.invalid:1', 'upstream-unreachable'],
    [(await resettingUpstream(t)).url, 'upstream-unreachable'],
    [(await garbageUpstream(t)).url, 'upstream-invalid-response'],
    [(await garbageUpstream(t, 'HTTP/1.1 103 Early Hints\r\n\r\n')).url, 'upstream-unreachable'],
    [
      (await garbageUpstream(t, 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n')).url,
      'upstream-invalid-response'
    ],
    [
      (await garbageUpstream(t, `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`)).url,
      'upstream-invalid-response'
    ]
  ]
  for (const [upstream, reason] of cases) {
    const { url } = await front(t, { upstream })
    const response = await fetch(url)
    assert.deepEqual([response.status, response.headers.get('intermission-reason')], [502, reason], upstream)
    assert.doesNotMatch(await response.text(), /ECONN|ENOENT|ENOTFOUND|127\.0\.0\.1|\.sock|FST_/)
  }
})

test('an upstream that never answers is 504, and its connection is closed', async (t) => {
  const upstream = await hangingUpstream(t)
  const { url } = await front(t, { upstream: upstream.url, responseTimeoutMs: 150 })
  const start = performance.now()
  const response = await fetch(url, { method: 'POST', body: 'x' })
  assert.equal(response.status, 504)
  assert.ok(performance.now() - start >= 150)
  await sleep(30)
  assert.equal(upstream.connections, 0)
})

test('a gateway that was busy with something else for longer than a time-out blames nobody', async (t) => {
  const upstream = await okUpstream(t)
  const gateway = await listening(t, {
    proxy: { upstream: upstream.url, connectTimeoutMs: 200, responseTimeoutMs: 200 },
    prepare(app) {
      app.addHook('onRequest', (_request, _reply, done) => {
        // The connection to the app has been asked for by then, and nobody has seen yet that it is there.
        setImmediate(() => {
          const untilMs = performance.now() + 600
          while (performance.now() < untilMs) Math.sqrt(untilMs)
        })
        done()
      })
    }
  })
  assert.equal((await fetch(`http://127.0.0.1:${gateway.port}/`)).status, 200)
})

test("the app's own errors pass untouched, and once", async (t) => {
  const upstream = await statusUpstream(t, 503, 'busy', { 'retry-after': '1' })
  const { url } = await front(t, { upstream: upstream.url })
  const response = await fetch(url)
  assert.deepEqual(
    [response.status, await response.text(), response.headers.get('retry-after')],
    [503, 'busy', '1']
  )
  assert.equal(response.headers.get('intermission-reason'), null)
  assert.equal(upstream.seen.length, 1)
})

test('a listed status of the app is replaced, with none of its headers', async (t) => {
  const upstream = await statusUpstream(t, 502, 'secret', { 'set-cookie': 'a=b' })
  const { url } = await front(t, { upstream: upstream.url, interceptErrors: [502] })
  const response = await fetch(url)
  assert.deepEqual([response.status, response.headers.get('intermission-reason')], [502, 'intercepted'])
  assert.equal(response.headers.get('set-cookie'), null)
  assert.doesNotMatch(await response.text(), /secret/)
})

test('a response that is cut is seen as cut', async (t) => {
  for (const fields of ['Content-Length: 10\r\n', 'Transfer-Encoding: chunked\r\n']) {
    const part = fields.startsWith('T') ? '4\r\nhalf\r\n' : 'half'
    const upstream = await tcpUpstream(t, (socket) => {
      socket.once('data', () => {
        socket.write(`HTTP/1.1 200 OK\r\n${fields}\r\n${part}`)
        setTimeout(() => socket.resetAndDestroy(), 30)
      })
    })
    const { port, app } = await front(t, { upstream: upstream.url })
    const answer = await rawExchange(t, port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n')
    assert.match(answer, /^HTTP\/1\.1 200 OK[\s\S]*half/)
    assert.doesNotMatch(answer, /\r\n0\r\n\r\n$/)
    assert.equal(app.proxy.inFlight, 0)
  }
})

test('a reset inside a body without a length never looks like its end', async (t) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\nhalf')
      setTimeout(() => socket.resetAndDestroy(), 30)
    })
  })
  const { port } = await front(t, { upstream: upstream.url })
  assert.doesNotMatch(await rawExchange(t, port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'), /\r\n0\r\n\r\n$/)
  const old = await rawClient(t, port)
  old.send('GET / HTTP/1.0\r\n\r\n')
  assert.equal(await old.ended(), 'reset')
})

test('connections to the app are kept, and a dead one does not reach a client', async (t) => {
  let connections = 0
  const upstream = await tcpUpstream(t, (socket) => {
    connections++
    let requests = 0
    socket.on('data', () => {
      if (++requests > 2) socket.resetAndDestroy()
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  const { url } = await front(t, { upstream: upstream.url })
  for (let i = 0; i < 5; i++) assert.equal((await fetch(url)).status, 200)
  assert.equal(connections, 3)
})

test('a POST that may have been read is never sent twice', async (t) => {
  let posts = 0
  const upstream = await tcpUpstream(t, (socket) => {
    socket.on('data', (bytes: Buffer) => {
      if (bytes.includes('POST')) posts++
      if (bytes.includes('POST')) socket.resetAndDestroy()
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  const { url } = await front(t, { upstream: upstream.url })
  await fetch(url)
  assert.equal((await fetch(url, { method: 'POST', body: 'x' })).status, 502)
  assert.equal(posts, 1)
})

test('aborted downloads and uploads against a dying app leave nothing behind', async (t) => {
  const upstream = await httpUpstream(t, (request, response) => {
    request.on('data', () => undefined)
    response.writeHead(200)
    const timer = setInterval(() => response.write('x'.repeat(50_000)), 1)
    response.on('close', () => clearInterval(timer))
  })
  const { app, port } = await front(t, { upstream: upstream.url })
  let over = false
  const dying = (async () => {
    while (!over) {
      await sleep(100)
      await upstream.stop()
      await upstream.start()
    }
  })()
  for (let round = 0; round < 50; round++) {
    const client = await rawClient(t, port)
    client.send(
      round % 2
        ? 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'
        : `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n\r\n${'y'.repeat(100_000)}`
    )
    await sleep(round % 20)
    client.socket.resetAndDestroy()
    await client.ended()
  }
  over = true
  await dying
  await sleep(200)
  assert.equal(app.proxy.inFlight, 0)
})
