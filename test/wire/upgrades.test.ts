import assert from 'node:assert/strict'
import test from 'node:test'
import { rawClient } from '../helpers/raw-client.ts'
import { tcpUpstream } from '../helpers/upstream.ts'
import { answering, HOST, pause, wire } from './wire.ts'

const ASKS = `Connection: Upgrade\r\nUpgrade: websocket\r\n`
const UPGRADE = `GET /ws HTTP/1.1\r\n${HOST}${ASKS}\r\n`
const NEXT = `GET /next HTTP/1.1\r\n${HOST}\r\n`
const H2C = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

// As Java's HttpClient does by default.
test('an offer of h2c is declined by answering, with its body and on a connection that lives on', async (t) => {
  const { talk, upstream } = await wire(t)
  const length = `POST /a HTTP/1.1\r\n${HOST}${H2C}Content-Length: 3\r\n\r\nabc`
  const chunks = `POST /b HTTP/1.1\r\n${HOST}${H2C}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`
  const bare = `GET /c HTTP/1.1\r\n${HOST}${H2C}\r\n`
  const { answers, end } = await talk(length + NEXT + chunks + bare, { answers: 4 })
  assert.deepEqual(
    answers.map(({ body }) => body),
    ['POST /a abc', 'GET /next', 'POST /b abc', 'GET /c']
  )
  assert.equal(end, 'open')
  const names = upstream.seen.flatMap(({ rawHeaders }) => rawHeaders.filter((_, i) => i % 2 === 0))
  assert.doesNotMatch(names.join(), /upgrade|http2-settings/i)
})

test('a body that comes in pieces after an offer that is declined arrives whole', async (t) => {
  const { talk } = await wire(t)
  const head = `PUT /a HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: TLS/1.2\r\nContent-Length: 9\r\n\r\n`
  const { answers } = await talk([head, 'abc', 'def', 'ghi'])
  assert.equal(answers[0]?.body, 'PUT /a abcdefghi')
})

test('a large refusal of an upgrade passes whole, and the connection ends', async (t) => {
  const body = 'x'.repeat(1_000_000)
  const { talk } = await answering(
    t,
    `HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  )
  const { answers, end } = await talk(UPGRADE)
  assert.deepEqual([answers[0]?.status, answers[0]?.body.length, end], [401, body.length, 'end'])
})

test('refusals pass in every framing', async (t) => {
  const cases: [string, 'keep' | 'end', string][] = [
    ['HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n', 'keep', 'no'],
    ['HTTP/1.1 400 Bad\r\nConnection: close\r\n\r\nuntil the end', 'end', 'until the end'],
    ['HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n', 'keep', ''],
    ['HTTP/1.1 204 No Content\r\n\r\n', 'keep', '']
  ]
  for (const [bytes, after, body] of cases) {
    const { talk } = await answering(t, bytes, after)
    const { answers, end } = await talk(UPGRADE)
    assert.deepEqual([answers[0]?.status, answers[0]?.body, end], [Number(bytes.slice(9, 12)), body, 'end'])
  }
})

test('bytes after a refused upgrade are not taken for a request', async (t) => {
  const { talk, upstream } = await wire(t)
  const { answers, end } = await talk(UPGRADE + NEXT)
  assert.deepEqual([answers.map(({ body }) => body), end], [['GET /ws'], 'end'])
  assert.equal(upstream.seen.length, 1)
})

test('an upgrade behind a request that is not answered yet waits for its turn', async (t) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', async (bytes: Buffer) => {
      if (bytes.includes('websocket')) socket.write(`${SWITCH}tunnelled`)
      else {
        await pause(150)
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n${'x'.repeat(300_000)}`)
      }
    })
  })
  const { talk } = await wire(t, { proxy: { upstream: upstream.url } })
  const { answers, rest } = await talk(NEXT + UPGRADE, { answers: 2 })
  assert.deepEqual([answers[0]?.status, answers[0]?.body.length, answers[1]?.status], [200, 300_000, 101])
  assert.equal(rest, 'tunnelled')
})

test('CONNECT is refused in its turn', async (t) => {
  const { talk } = await wire(t)
  const { statuses, end } = await talk(`${NEXT}CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n`, {
    answers: 2
  })
  assert.deepEqual([statuses, end], [[200, 405], 'end'])
})

test('each half of a tunnel may end before the other', async (t) => {
  for (const first of ['client', 'app'] as const) {
    let got = ''
    const upstream = await tcpUpstream(t, (socket) => {
      // As Node's sockets do not by default.
      socket.allowHalfOpen = true
      socket.once('data', () => {
        socket.write(SWITCH)
        if (first === 'app') socket.end('from the app')
        socket.on('data', (bytes: Buffer) => {
          got += bytes
        })
        if (first === 'client') socket.on('end', () => setTimeout(() => socket.end('late'), 50))
      })
    })
    const { gateway } = await wire(t, { proxy: { upstream: upstream.url } })
    const client = await rawClient(t, gateway.port)
    client.socket.allowHalfOpen = true
    client.send(UPGRADE)
    await client.waitFor(/101/)
    if (first === 'client') {
      client.socket.end('from the client')
      await client.waitFor(/late$/)
      assert.equal(got, 'from the client')
    } else {
      await client.waitFor(/from the app$/)
      client.send('late')
      while (got !== 'late') await pause(5)
    }
    client.socket.destroy()
  }
})

test('a tunnel goes no faster than its slower side', async (t) => {
  for (const slow of ['client', 'app'] as const) {
    let fast = 0
    const piece = Buffer.alloc(65_536)
    const upstream = await tcpUpstream(t, (socket) => {
      socket.once('data', () => {
        socket.write(SWITCH)
        if (slow === 'app') socket.pause()
        else flood(socket)
      })
    })
    const flood = (socket: NodeJS.WritableStream): void => {
      while (socket.write(piece)) fast += piece.length
      socket.once('drain', () => flood(socket))
    }
    const { gateway } = await wire(t, { proxy: { upstream: upstream.url } })
    const client = await rawClient(t, gateway.port)
    client.send(UPGRADE)
    await client.waitFor(/101/)
    if (slow === 'client') client.socket.pause()
    else flood(client.socket)
    let before = -1
    for (; before !== fast && fast < 40_000_000; await pause(400)) before = fast
    assert.equal(fast, before, `${slow} holds the other side back`)
    client.socket.destroy()
  }
})
