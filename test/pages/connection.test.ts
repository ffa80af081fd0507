import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import { createAnswers } from '../../src/pages/answers.ts'
import { rawClient, rawExchange } from '../helpers/raw-client.ts'
import { answering, MAINTENANCE, UNREACHABLE } from './server.ts'

const HEAD = 'Host: x\r\n'

test('the connection stays in step after a request whose body nobody read', async (t) => {
  const server = await answering(t, UNREACHABLE)
  const client = await rawClient(t, server.port)
  const body = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
  client.send(`POST /a HTTP/1.1\r\n${HEAD}Content-Length: ${body.length}\r\n\r\n`)
  await client.waitFor(/HTTP\/1\.1 502/)
  client.send(body)
  client.send(`POST /b HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`)
  client.send(`GET /c HTTP/1.1\r\n${HEAD}\r\n`)
  await client.waitFor(/(HTTP\/1\.1 502[\s\S]*){3}/)
  await sleep(50)
  assert.equal(client.received.match(/HTTP\/1\.1/g)?.length, 3)
  assert.equal(client.closed, false)
})

test('an upload of 5 MB gets its answer, and the next request its own', async (t) => {
  const server = await answering(t, UNREACHABLE)
  const client = await rawClient(t, server.port)
  client.send(`POST / HTTP/1.1\r\n${HEAD}Content-Length: 5000000\r\n\r\n`)
  client.send(Buffer.alloc(5_000_000, 'x'))
  client.send(`GET / HTTP/1.1\r\n${HEAD}\r\n`)
  await client.waitFor(/(HTTP\/1\.1 502[\s\S]*){2}/)
})

test('a body that somebody had begun to read is no obstacle', async (t) => {
  const answers = createAnswers()
  const server = createServer((request, response) => {
    request.once('data', () => {
      request.pause()
      answers.write(request, response, UNREACHABLE)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const client = await rawClient(t, (server.address() as AddressInfo).port)
  for (let round = 1; round <= 2; round++) {
    client.send(`POST / HTTP/1.1\r\n${HEAD}Content-Length: 300000\r\n\r\n${'x'.repeat(300_000)}`)
    await client.waitFor(new RegExp(`(HTTP/1\\.1 502[\\s\\S]*){${round}}`))
  }
})

test('close ends the connection, and the answer to a client that is still sending arrives first', async (t) => {
  const server = await answering(t, { ...UNREACHABLE, close: true })
  const plain = await rawExchange(t, server.port, `GET / HTTP/1.1\r\n${HEAD}\r\n`)
  assert.match(plain, /^HTTP\/1\.1 502[\s\S]*\r\nConnection: close\r\n[\s\S]*<\/html>\n$/)
  for (const method of ['POST', 'HEAD']) {
    const client = await rawClient(t, server.port)
    client.send(`${method} / HTTP/1.1\r\n${HEAD}Content-Length: 2000000\r\n\r\n`)
    await client.waitFor(/Connection: close\r\n[\s\S]*\r\n\r\n/)
    client.send(Buffer.alloc(2_000_000, 'x'))
    assert.equal(await client.ended(), 'end', method)
    assert.match(client.received, method === 'HEAD' ? /\r\n\r\n$/ : /<\/html>\n$/)
  }
})

test('a client that never sends the rest is let go of', async (t) => {
  const server = await answering(t, { ...UNREACHABLE, close: true })
  const client = await rawClient(t, server.port)
  client.send(`POST / HTTP/1.1\r\n${HEAD}Content-Length: 10\r\n\r\nabc`)
  await client.waitFor(/<\/html>/)
  await client.ended(4000)
})

test('a client of HTTP/1.0 gets the whole answer and the end of the connection', async (t) => {
  const server = await answering(t, UNREACHABLE)
  assert.match(
    await rawExchange(t, server.port, 'GET / HTTP/1.0\r\n\r\n'),
    /^HTTP\/1\.1 502[\s\S]*<\/html>\n$/
  )
  const client = await rawClient(t, server.port)
  client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
  await client.waitFor(/<\/html>\n$/)
  client.send('GET / HTTP/1.0\r\n\r\n')
  await client.ended()
  assert.equal(client.received.match(/HTTP\/1\.1 502/g)?.length, 2)
})

test('HTTP/2 gets the same answer without the headers it does not have', async (t) => {
  const answers = createAnswers()
  const warnings: Error[] = []
  const onWarning = (warning: Error): number => warnings.push(warning)
  process.on('warning', onWarning)
  const server = createHttp2Server((request, response) => {
    answers.write(request as never, response as never, { ...MAINTENANCE, message: 'é', close: true })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.after(() => {
    process.off('warning', onWarning)
    session.destroy()
    server.close()
  })
  for (const method of ['GET', 'POST', 'HEAD']) {
    const stream = session.request({ ':method': method, ':path': '/', origin: 'https://a.example' })
    const [headers] = (await once(stream, 'response')) as [Record<string, string>]
    const parts: Buffer[] = []
    for await (const part of stream) parts.push(part as Buffer)
    assert.equal(headers[':status'], 503)
    assert.equal(headers.connection, undefined)
    assert.equal(headers['access-control-allow-origin'], 'https://a.example')
    const body = Buffer.concat(parts)
    if (method === 'HEAD') assert.equal(body.length, 0)
    else assert.equal(String(body.length), headers['content-length'])
  }
  await sleep(10)
  assert.deepEqual(warnings, [])
})

test('app.inject sees the headers and the body', async (t) => {
  const app = Fastify()
  const answers = createAnswers()
  t.after(() => app.close())
  app.addHook('onRequest', (request, reply, _done) => {
    reply.hijack()
    answers.write(request.raw, reply.raw, MAINTENANCE)
  })
  const got = await app.inject({ url: '/', headers: { 'accept-encoding': 'br' } })
  assert.equal(got.statusCode, 503)
  assert.equal(got.headers['retry-after'], '120')
  assert.equal(got.headers['content-length'], String(got.rawPayload.length))
  assert.equal((await app.inject({ url: '/', method: 'HEAD' })).payload, '')
})

test('headers that were set for another answer do not survive', async (t) => {
  const answers = createAnswers()
  const server = createServer((request, response) => {
    response.statusMessage = 'Fine'
    for (const name of ['Set-Cookie', 'ETag', 'Content-Encoding', 'Cache-Control', 'X-App'])
      response.setHeader(name, 'app')
    answers.write(request, response, UNREACHABLE)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const got = await rawExchange(
    t,
    (server.address() as AddressInfo).port,
    `GET / HTTP/1.1\r\n${HEAD}Connection: close\r\n\r\n`
  )
  assert.match(got, /^HTTP\/1\.1 502 Bad Gateway\r\n/)
  assert.doesNotMatch(got.split('\r\n\r\n')[0]!, /: app/)
  assert.match(got, /\r\nConnection: close\r\n/i)
})

test('when a head is already out the connection is cut', async (t) => {
  const answers = createAnswers()
  const server = createServer((request, response) => {
    response.write('half')
    setTimeout(() => answers.write(request, response, UNREACHABLE), 20)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const got = await rawExchange(t, (server.address() as AddressInfo).port, `GET / HTTP/1.1\r\n${HEAD}\r\n`)
  assert.match(got, /half/)
  assert.doesNotMatch(got, /\r\n0\r\n/)
  assert.doesNotMatch(got, /502/)
})

test('a client that is gone, and one that has its answer, are left alone', async (t) => {
  const answers = createAnswers()
  const done: string[] = []
  const server = createServer((request, response) => {
    response.end('first')
    answers.write(request, response, UNREACHABLE)
    request.socket.destroy()
    answers.write(request, response, UNREACHABLE)
    done.push('twice')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const client = await rawClient(t, (server.address() as AddressInfo).port)
  client.send(`GET / HTTP/1.1\r\n${HEAD}\r\n`)
  await client.ended()
  assert.deepEqual(done, ['twice'])
})
