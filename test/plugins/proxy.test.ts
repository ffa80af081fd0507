import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify, { type FastifyInstance } from 'fastify'
import proxy, { type ProxyOptions } from '../../plugins/proxy.ts'
import { keepRawTarget } from '../../src/raw-target.ts'
import { rawClient, rawExchange } from '../helpers/raw-client.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import {
  garbageUpstream,
  hangingUpstream,
  httpUpstream,
  missingSocket,
  okUpstream,
  readRequest,
  refusingUpstream,
  resettingUpstream,
  type SeenRequest,
  staleSocket,
  statusUpstream,
  tcpUpstream
} from '../helpers/upstream.ts'

interface Front {
  app: FastifyInstance
  port: number
  url: string
}

async function front(t: Cleanup, options: ProxyOptions, raw = true): Promise<Front> {
  const app = Fastify(raw ? { rewriteUrl: keepRawTarget } : {})
  await app.register(proxy, options)
  await app.listen({ port: 0 })
  t.after(() => app.close())
  const { port } = app.server.address() as AddressInfo
  return { app, port, url: `http://127.0.0.1:${port}` }
}

const fieldsOf = (seen: SeenRequest, name: string): string[] =>
  seen.rawHeaders.filter((_, i) => i % 2 === 1 && seen.rawHeaders[i - 1]!.toLowerCase() === name)

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

test('the head goes out before the first byte of the body, in the bytes of the app', async (t) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.on('data', () =>
      socket.write(Buffer.from('HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Length: 2\r\n\r\n', 'latin1'))
    )
  })
  const { port } = await front(t, { upstream: upstream.url })
  const client = await rawClient(t, port)
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await client.waitFor(/X-Name: caf\xe9\r\n[\s\S]*\r\n\r\n$/)
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

test('a client that leaves cancels the request, before and after the head', async (t) => {
  const upstream = await httpUpstream(t, (request, response) => {
    if (request.url === '/after') response.write('first')
  })
  const { app, port } = await front(t, { upstream: upstream.url })
  for (const path of ['/before', '/after']) {
    const client = await rawClient(t, port)
    client.send(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`)
    await sleep(40)
    assert.deepEqual([app.proxy.inFlight, upstream.connections], [1, 1])
    client.socket.resetAndDestroy()
    await sleep(60)
    assert.deepEqual([app.proxy.inFlight, upstream.connections], [0, 0])
  }
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

test('a POST on a connection that turns out dead is never sent twice', async (t) => {
  let posts = 0
  const upstream = await tcpUpstream(t, (socket) => {
    let requests = 0
    socket.on('data', (bytes: Buffer) => {
      if (bytes.includes('POST')) posts++
      if (++requests > 1) socket.resetAndDestroy()
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
    })
  })
  const { url } = await front(t, { upstream: upstream.url })
  await fetch(url)
  assert.equal((await fetch(url, { method: 'POST', body: 'x' })).status, 502)
  assert.equal(posts, 1)
})

test('an early answer to an upload reaches the client, and the connection stays in step', async (t) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () => socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig'))
  })
  const { port } = await front(t, { upstream: upstream.url })
  const client = await rawClient(t, port)
  client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n')
  await client.waitFor(/413 Too Large[\s\S]*big$/)
  client.send('x'.repeat(1_000_000))
  client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  await client.waitFor(/413 Too Large[\s\S]*413 Too Large/)
})

test('Expect: 100-continue gets its 100, then the answer', async (t) => {
  const upstream = await okUpstream(t)
  const { port } = await front(t, { upstream: upstream.url })
  const client = await rawClient(t, port)
  client.send('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')
  await client.waitFor(/^HTTP\/1\.1 100 Continue\r\n\r\n$/)
  client.send('body')
  await client.waitFor(/200 OK/)
  assert.deepEqual([upstream.seen[0]!.body, fieldsOf(upstream.seen[0]!, 'expect')], ['body', []])
})

test('trailers reach a client that takes them, and no other', async (t) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.on('data', () =>
      socket.write(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n'
      )
    )
  })
  const { port } = await front(t, { upstream: upstream.url })
  const ask = (fields: string): Promise<string> =>
    rawExchange(t, port, `GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${fields}\r\n`)
  const plain = await ask('')
  assert.doesNotMatch(plain, /trailer|x-sum/i)
  assert.match(plain, /2\r\nok\r\n0\r\n\r\n$/)
})

test('an upgrade is a tunnel after the 101 of the app', async (t) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', (bytes: Buffer) => {
      assert.match(bytes.toString('latin1'), /\r\nConnection: Upgrade\r\nUpgrade: foo\/2\r\n/)
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo/2\r\nSet-Cookie: a=b\r\n\r\nfirst'
      )
      socket.on('data', (more) => socket.write(more))
      socket.on('end', () => socket.end('bye'))
    })
  })
  const { app, port } = await front(t, { upstream: upstream.url })
  const client = await rawClient(t, port)
  client.send('GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: foo/2\r\n\r\nearly')
  await client.waitFor(/^HTTP\/1\.1 101 [\s\S]*Set-Cookie: a=b\r\n\r\nfirstearly$/)
  assert.equal(app.proxy.inFlight, 1)
  client.socket.end()
  await client.waitFor(/bye$/)
  assert.equal(await client.ended(), 'end')
  await sleep(20)
  assert.equal(app.proxy.inFlight, 0)
})

test('closing the app ends its tunnels', async (t) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n')
    )
  })
  const { app, port } = await front(t, { upstream: upstream.url })
  const client = await rawClient(t, port)
  client.send('GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n')
  await client.waitFor(/101/)
  await app.close()
  await client.ended()
})

test('a refused upgrade passes whole, and a dead app is 502', async (t) => {
  const upstream = await statusUpstream(t, 403, 'no entry')
  const { app, port } = await front(t, { upstream: upstream.url })
  const handshake = 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  assert.match(await rawExchange(t, port, handshake), /^HTTP\/1\.1 403 [\s\S]*no entry/)
  await upstream.stop()
  assert.match(await rawExchange(t, port, handshake), /^HTTP\/1\.1 502 /)
  assert.equal(app.proxy.inFlight, 0)
})

test('500 requests that hang do not keep another waiting', async (t) => {
  const upstream = await httpUpstream(t, async (request, response, seen) => {
    await readRequest(request, seen)
    if (request.url === '/fast') response.end('fast')
  })
  const { app, port, url } = await front(t, { upstream: upstream.url })
  const clients = await Promise.all(Array.from({ length: 500 }, () => rawClient(t, port)))
  for (const client of clients) client.send('GET /hang HTTP/1.1\r\nHost: h\r\n\r\n')
  while (app.proxy.inFlight < 500) await sleep(5)
  assert.equal(await (await fetch(`${url}/fast`)).text(), 'fast')
  for (const client of clients) client.socket.destroy()
  await sleep(500)
  assert.equal(app.proxy.inFlight, 0)
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
