import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { front } from '../helpers/front.ts'
import { rawClient } from '../helpers/raw-client.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { httpUpstream, readRequest, tcpUpstream } from '../helpers/upstream.ts'

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const ASKS = 'HTTP/1.1 100 Continue\r\n\r\n'

type OnBytes = (all: string, socket: Socket, nth: number) => void

/** An app that is told of everything that has come over its nth connection, whenever more comes. */
async function scripted(t: Cleanup, onBytes: OnBytes): Promise<{ url: string; got: string[] }> {
  const got: string[] = []
  const upstream = await tcpUpstream(t, (socket) => {
    const nth = got.push('') - 1
    socket.setEncoding('latin1').on('data', (piece: string) => {
      got[nth] += piece
      onBytes(got[nth]!, socket, nth)
    })
  })
  const { url } = await front(t, { upstream: upstream.url, holdOnRefusedMs: 5000 })
  return { url, got }
}

const post = (url: string, body = 'the body'): Promise<Response> => fetch(url, { method: 'POST', body })
const bodyOf = (request: string): string => request.slice(request.indexOf('\r\n\r\n') + 4)

test('a POST that is reset before the app has asked for its body is sent again, and its body once', async (t) => {
  const { url, got } = await scripted(t, (all, socket, nth) => {
    if (nth === 0) socket.resetAndDestroy()
    else if (bodyOf(all) === '') socket.write(ASKS)
    else socket.end(OK)
  })
  assert.equal((await post(url)).status, 200)
  assert.deepEqual(got.map(bodyOf), ['', 'the body'])
  assert.match(got[1]!, /\r\nExpect: 100-continue\r\n\r\n/)
})

test('a POST whose body the app has asked for is not sent again', async (t) => {
  const { url, got } = await scripted(t, (all, socket) => {
    if (bodyOf(all) === '') socket.write(ASKS)
    else socket.resetAndDestroy()
  })
  const answer = await post(url)
  assert.deepEqual([answer.status, got.length], [502, 1])
})

test('a GET that is reset before an answer is sent again, twice at most; a DELETE is not', async (t) => {
  const { url, got } = await scripted(t, (_all, socket) => socket.resetAndDestroy())
  assert.deepEqual([(await fetch(url)).status, got.length], [502, 3])
  assert.deepEqual([(await fetch(url, { method: 'DELETE' })).status, got.length], [502, 4])
})

test('a GET whose answer has begun is not sent again', async (t) => {
  const { url, got } = await scripted(t, (_all, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart', () => socket.resetAndDestroy())
  })
  await assert.rejects(fetch(url).then((answer) => answer.text()))
  assert.equal(got.length, 1)
})

test('an app that never asks for a body gets it after a quarter of a second, and the next ones at once', async (t) => {
  const { url, got } = await scripted(t, (all, socket) => {
    if (bodyOf(all) === 'the body') socket.end(OK)
  })
  const startMs = performance.now()
  assert.equal((await post(url)).status, 200)
  const firstMs = performance.now() - startMs
  assert.equal((await post(url)).status, 200)
  const secondMs = performance.now() - startMs - firstMs
  assert.ok(firstMs >= 245 && secondMs < 245, `${firstMs} and ${secondMs} ms`)
  assert.doesNotMatch(got[1]!, /expect/i)
})

test('an app that refuses to be asked (417) gets the request as it is', async (t) => {
  const { url, got } = await scripted(t, (all, socket) => {
    if (/expect/i.test(all)) socket.end('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n')
    else if (bodyOf(all) === 'the body') socket.end(OK)
  })
  assert.equal((await post(url)).status, 200)
  assert.equal(got.length, 2)
})

test('an app that refuses by the head alone is not sent the body, and the client may go on', async (t) => {
  const { url, got } = await scripted(t, (all, socket) => {
    if (all.startsWith('POST')) socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope')
    else socket.write(OK)
  })
  const client = await rawClient(t, Number(new URL(url).port))
  client.send(
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nthe bodyGET / HTTP/1.1\r\nHost: a\r\n\r\n'
  )
  await client.waitFor(/nope[\s\S]*ok$/)
  assert.match(client.received, /^HTTP\/1\.1 403 [\s\S]*HTTP\/1\.1 200 /)
  assert.deepEqual(got.map(bodyOf), ['', ''])
})

test('a client that leaves before the app has asked is taken off it', async (t) => {
  let closed = false
  const { url, got } = await scripted(t, (_all, socket) => {
    socket.once('close', () => {
      closed = true
    })
  })
  const client = await rawClient(t, Number(new URL(url).port))
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nthe body')
  while (got.length === 0 || got[0] === '') await sleep(5)
  client.socket.resetAndDestroy()
  const startMs = performance.now()
  while (!closed) await sleep(5)
  assert.ok(performance.now() - startMs < 200)
})

test('requests that ask first go over kept connections', async (t) => {
  const upstream = await httpUpstream(t, async (request, response, seen) => {
    response.end((await readRequest(request, seen)).body)
  })
  const { url } = await front(t, { upstream: upstream.url, holdOnRefusedMs: 5000 })
  for (let n = 0; n < 5; n++) assert.equal(await (await post(url, `body ${n}`)).text(), `body ${n}`)
  assert.equal(upstream.connections, 1)
})
