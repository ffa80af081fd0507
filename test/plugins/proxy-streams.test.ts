import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fieldsOf, front } from '../helpers/front.ts'
import { rawClient, rawExchange } from '../helpers/raw-client.ts'
import { httpUpstream, okUpstream, readRequest, tcpUpstream } from '../helpers/upstream.ts'

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
