import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import test from 'node:test'
import { addAccessLog } from '../../src/access-log.ts'
import { answerOf, http2Client, listening } from '../helpers/listening.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { garbageUpstream, okUpstream, refusingUpstream, tcpUpstream } from '../helpers/upstream.ts'

/** A gateway in front of an app that says exactly this. */
async function saying(
  t: Cleanup,
  text: string,
  proxy = {}
): Promise<{ client: ReturnType<typeof http2Client> }> {
  const upstream = await garbageUpstream(t, Buffer.from(text, 'latin1'))
  const gateway = await listening(t, { proxy: { upstream: upstream.url, ...proxy }, tls: true })
  return { client: http2Client(t, gateway) }
}

test('every field passes, repeated ones and bytes above 0x7f included', async (t) => {
  const { client } = await saying(
    t,
    'HTTP/1.1 200 Fine\r\nSet-Cookie: a=1\r\nX-A: 1\r\nset-cookie: b=2\r\nX-Latin: caf\xe9\r\nX-A: 2\r\nconstructor: c\r\nContent-Length: 2\r\n\r\nok'
  )
  const { status, headers, body } = await answerOf(client.request({}))
  assert.deepEqual([status, body, headers['content-length']], [200, 'ok', '2'])
  assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2'])
  assert.equal(headers['x-a'], '1, 2')
  assert.equal(headers['x-latin'], 'caf\xe9')
  assert.equal(headers.constructor, 'c')
})

test('what is about the connection stays here', async (t) => {
  const { client } = await saying(
    t,
    'HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nUpgrade: h2c\r\nTE: x\r\nHTTP2-Settings: y\r\nContent-Length: 2\r\n\r\nok'
  )
  const { status, headers } = await answerOf(client.request({}))
  assert.deepEqual([status, Object.keys(headers).sort()], [200, [':status', 'content-length', 'date']])
})

test('of a field that HTTP/2 can say once, the first counts', async (t) => {
  const { client } = await saying(
    t,
    'HTTP/1.1 200 OK\r\nETag: "a"\r\nETag: "b"\r\nContent-Type: text/a\r\nContent-Type: text/b\r\nContent-Length: 2\r\n\r\nok'
  )
  const { headers } = await answerOf(client.request({}))
  assert.deepEqual([headers.etag, headers['content-type']], ['"a"', 'text/a'])
})

const BODYLESS: Record<string, [method: string, text: string, length: string | undefined]> = {
  'HEAD with a length': ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n', '42'],
  '304 with a length': ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 42\r\nETag: "x"\r\n\r\n', '42'],
  '204': ['GET', 'HTTP/1.1 204 No Content\r\n\r\n', undefined],
  '204 with a length, which it must not have': [
    'GET',
    'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
    undefined
  ],
  '205 with a body, which it must not have': ['GET', 'HTTP/1.1 205 Reset Content\r\n\r\nbody', undefined]
}

for (const [name, [method, text, length]] of Object.entries(BODYLESS)) {
  test(`${name} passes without a body`, async (t) => {
    const { client } = await saying(t, text)
    const { status, headers, body } = await answerOf(client.request({ ':method': method }))
    assert.deepEqual([status, headers['content-length'], body], [Number(text.slice(9, 12)), length, ''])
  })
}

test('early hints come first, all of them', async (t) => {
  const { client } = await saying(
    t,
    'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nLink: </b.js>; rel=preload\r\nX-H: 1\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
  )
  const { interim, body } = await answerOf(client.request({}))
  assert.deepEqual(
    interim.map(({ ':status': status, link, 'x-h': hint }) => [status, link, hint]),
    [[103, '</a.css>; rel=preload, </b.js>; rel=preload', '1']]
  )
  assert.equal(body, 'ok')
})

test('trailers pass to a client that takes them, also with a body in one packet', async (t) => {
  const text =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n'
  const { client } = await saying(t, text)
  const taking = await answerOf(client.request({ te: 'trailers' }))
  assert.deepEqual([taking.body, taking.trailers['x-sum'], taking.headers.trailer], ['ok', '1, 2', 'X-Sum'])
  const other = await answerOf(client.request({}))
  assert.deepEqual([other.body, Object.keys(other.trailers)], ['ok', []])
})

test('a status that HTTP/2 cannot say is answered with 502, over HTTP/1.1 it passes', async (t) => {
  const upstream = await garbageUpstream(t, 'HTTP/1.1 999 Strange\r\nContent-Length: 2\r\n\r\nok')
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, tls: false, h2c: true })
  const answer = await answerOf(http2Client(t, gateway).request({}))
  assert.deepEqual([answer.status, answer.headers['intermission-reason']], [502, 'upstream-invalid-response'])
  assert.equal((await fetch(`http://127.0.0.1:${gateway.port}/`)).status, 999)
})

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n'
// What comes at once, and what comes when that has gone out.
const CUT: Record<string, [string, string]> = {
  'with a length': ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf', ''],
  'in chunks': [CHUNKED, ''],
  'with a broken chunk': [CHUNKED, 'zz\r\n']
}

for (const [name, [first, rest]] of Object.entries(CUT)) {
  test(`a response ${name} that is cut is reset, never ended`, async (t) => {
    const upstream = await tcpUpstream(t, (socket) => {
      socket.once('data', () => {
        socket.write(first)
        setTimeout(() => socket.end(rest), 50)
      })
    })
    const gateway = await listening(t, { proxy: { upstream: upstream.url }, tls: true })
    const client = http2Client(t, gateway)
    await assert.rejects(answerOf(client.request({})), /INTERNAL_ERROR|code 2/)
    assert.equal(client.destroyed, false)
  })
}

test('our own answers come over HTTP/2: a dead app, maintenance, an intercepted status', async (t) => {
  const gateway = await listening(t, { proxy: { upstream: await refusingUpstream() }, tls: true })
  const client = http2Client(t, gateway)
  const dead = await answerOf(client.request({ accept: 'application/json' }))
  assert.deepEqual([dead.status, dead.headers['intermission-reason']], [502, 'upstream-unreachable'])
  assert.equal((JSON.parse(dead.body) as { status: number }).status, 502)
  assert.equal(dead.headers['content-length'], String(dead.body.length))
  assert.equal(dead.headers.connection, undefined)
  await gateway.app.maintenance.enter({ message: 'soon' })
  const closed = await answerOf(client.request({ ':method': 'POST' }, { endStream: false }), 'unread')
  assert.deepEqual([closed.status, closed.headers['intermission-reason']], [503, 'maintenance'])
  const head = await answerOf(client.request({ ':method': 'HEAD' }))
  assert.deepEqual([head.status, head.body], [503, ''])
  assert.ok(Number(head.headers['content-length']) > 0)

  const failing = await saying(t, 'HTTP/1.1 500 Oops\r\nSet-Cookie: a=1\r\nContent-Length: 3\r\n\r\nraw', {
    interceptErrors: [500]
  })
  const replaced = await answerOf(failing.client.request({}))
  assert.deepEqual([replaced.status, replaced.headers['intermission-reason']], [500, 'intercepted'])
  assert.equal(replaced.headers['set-cookie'], undefined)
})

test('files are served over HTTP/2: whole, in part, unchanged, and by HEAD', async (t) => {
  const upstream = await okUpstream(t)
  const root = tempDir(t)
  const text = 'x'.repeat(300_000)
  writeFileSync(join(root, 'a.txt'), text)
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, static: root, tls: true })
  const client = http2Client(t, gateway)
  const whole = await answerOf(client.request({ ':path': '/a.txt' }))
  assert.deepEqual(
    [whole.status, whole.body === text, whole.headers['content-length']],
    [200, true, '300000']
  )
  const part = await answerOf(client.request({ ':path': '/a.txt', range: 'bytes=-3' }))
  assert.deepEqual([part.status, part.body], [206, 'xxx'])
  const etag = String(whole.headers.etag)
  const same = await answerOf(client.request({ ':path': '/a.txt', 'if-none-match': etag }))
  assert.deepEqual([same.status, same.body], [304, ''])
  const head = await answerOf(client.request({ ':path': '/a.txt', ':method': 'HEAD' }))
  assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '300000'])
  const post = await answerOf(client.request({ ':path': '/a.txt', ':method': 'POST' }))
  assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD'])
  assert.equal((await answerOf(client.request({ ':path': '/b.txt' }))).status, 200)
  assert.equal(upstream.seen.length, 1)
})

test('the access log knows the host and the status of HTTP/2 requests', async (t) => {
  const lines = new PassThrough({ encoding: 'utf8' })
  const line = new Promise((resolve) => lines.once('data', resolve))
  const upstream = await garbageUpstream(t, 'HTTP/1.1 418 Tea\r\nContent-Length: 0\r\n\r\n')
  const gateway = await listening(t, {
    proxy: { upstream: upstream.url },
    tls: true,
    prepare: (app) => addAccessLog(app, { format: 'json', output: lines })
  })
  const client = http2Client(t, gateway)
  await answerOf(client.request({ ':path': '/p?secret', ':authority': 'shop.test' }))
  assert.match(
    String(await line),
    /"peer":"127\.0\.0\.1","method":"GET","host":"shop\.test","path":"\/p","status":418/
  )
})
