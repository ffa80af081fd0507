import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import test from 'node:test'
import { rawClient } from '../helpers/raw-client.ts'
import { tcpUpstream } from '../helpers/upstream.ts'
import { HOST, pause, wire } from './wire.ts'

/** A response in each framing: its head, half of its body, the rest. */
const FRAMINGS = {
  'a length': ['HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n', 'hello', 'world'],
  chunks: [
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    '5\r\nhello\r\n',
    '5\r\nworld\r\n0\r\n\r\n'
  ],
  'the end of the connection': ['HTTP/1.1 200 OK\r\n\r\n', 'hello', 'world']
} as const

type Play = (socket: Socket) => unknown

/** An app that plays this to whoever asks first on a connection. */
async function playing(
  t: Parameters<typeof tcpUpstream>[0],
  play: Play,
  more = {}
): Promise<Awaited<ReturnType<typeof wire>>> {
  const upstream = await tcpUpstream(t, (socket) => socket.once('data', () => play(socket)))
  return wire(t, { proxy: { upstream: upstream.url, ...more } })
}

for (const [name, [head, half, rest]] of Object.entries(FRAMINGS)) {
  for (const version of ['1.0', '1.1']) {
    const request = `GET /a HTTP/${version}\r\n${HOST}\r\n`
    const ends = name === 'the end of the connection'

    test(`HTTP/${version} gets the head, and each piece, of a response with ${name} as they come`, async (t) => {
      const { gateway } = await playing(t, async (socket) => {
        for (const piece of [head, half, rest]) {
          socket.write(piece)
          await pause(150)
        }
        if (ends) socket.end()
      })
      const client = await rawClient(t, gateway.port)
      client.send(request)
      await client.waitFor(/\r\n\r\n$/)
      await client.waitFor(/hello(?:\r\n)?$/)
      await client.waitFor(/world/)
      if (version === '1.0' || ends) {
        // Chunks mean nothing to HTTP/1.0.
        if (version === '1.0') assert.doesNotMatch(client.received, /transfer-encoding/i)
        if (version === '1.0') assert.equal(await client.ended(), 'end')
        else await client.waitFor(/\r\n0\r\n\r\n$/)
      }
    })

    for (const [how, end] of Object.entries({
      closed: (socket: Socket) => socket.end(),
      reset: (socket: Socket) => socket.resetAndDestroy(),
      silent: () => undefined
    })) {
      // The end of the connection is its end, when it is an orderly one.
      if (how === 'closed' && ends) continue
      for (const [where, pieces] of Object.entries({
        'after its head': [head],
        'in its body': [head, half]
      })) {
        test(`HTTP/${version} sees that a response with ${name} was cut when the app is ${how} ${where}`, async (t) => {
          const play: Play = async (socket) => {
            for (const piece of pieces) socket.write(piece)
            await pause(60)
            end(socket)
          }
          const { gateway } = await playing(t, play, { idleTimeoutMs: 200 })
          const client = await rawClient(t, gateway.port)
          client.send(request)
          const seen = await client.ended()
          assert.doesNotMatch(client.received, /\r\n0\r\n\r\n$/)
          assert.match(client.received, /^HTTP\/1\.1 200 OK\r\n/)
          // Without a length or chunks, only a reset says so.
          if (!/^content-length|^transfer-encoding/im.test(client.received)) assert.equal(seen, 'reset')
        })
      }
    }
  }
}

const UPLOADS: Record<string, [fields: string, body: string]> = {
  'a length': ['Content-Length: 200000\r\n', 'y'.repeat(200_000)],
  chunks: ['Transfer-Encoding: chunked\r\n', `30d40\r\n${'y'.repeat(200_000)}\r\n0\r\n\r\n`]
}

for (const [name, [fields, body]] of Object.entries(UPLOADS)) {
  for (const [how, sent] of Object.entries({ all: body.length, half: 100_000, nothing: 0 })) {
    for (const closes of [false, true]) {
      test(`an early answer to an upload with ${name} of which ${how} was sent comes at once, and the next request is answered, where the app ${closes ? 'closes' : 'keeps'}`, async (t) => {
        const upstream = await tcpUpstream(t, (socket) => {
          socket.on('data', (bytes: Buffer) => {
            if (bytes.includes('/next')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext')
            else if (!bytes.includes(' /a ')) return
            else if (closes)
              socket.end('HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig')
            else socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig')
          })
        })
        const { gateway } = await wire(t, { proxy: { upstream: upstream.url } })
        const client = await rawClient(t, gateway.port)
        client.send(`POST /a HTTP/1.1\r\n${HOST}${fields}\r\n${body.slice(0, sent)}`)
        await client.waitFor(/413 Too Large[\s\S]*\r\n\r\nbig$/)
        client.send(body.slice(sent))
        client.send(`GET /next HTTP/1.1\r\n${HOST}\r\n`)
        await client.waitFor(/\r\n\r\nnext$/)
      })
    }
  }
}

test('a request and its response may stream at the same time', async (t) => {
  const { gateway } = await playing(t, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    socket.on('data', (bytes: Buffer) => {
      const text = `[${bytes.toString('latin1')}]`
      socket.write(`${text.length.toString(16)}\r\n${text}\r\n`)
    })
  })
  const client = await rawClient(t, gateway.port)
  client.send(`POST /a HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`)
  await client.waitFor(/\r\n\r\n$/)
  for (const word of ['one', 'two', 'six']) {
    client.send(`3\r\n${word}\r\n`)
    await client.waitFor(new RegExp(`${word}\r\n\\]`))
  }
})

test('a client that leaves is noticed at once, before and after the head, while it sends and while it waits', async (t) => {
  for (const answer of ['', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart']) {
    for (const body of ['', 'Content-Length: 1000\r\n\r\nabc']) {
      for (const leave of ['resetAndDestroy', 'end', 'destroy'] as const) {
        const { gateway, talk } = await playing(t, (socket) => socket.write(answer))
        const { client } = await talk(`POST /a HTTP/1.1\r\n${HOST}${body === '' ? '\r\n' : body}`, {
          answers: 0
        })
        client.socket[leave]()
        const sinceMs = performance.now()
        while (gateway.app.proxy.inFlight > 0) {
          assert.ok(performance.now() - sinceMs < 1000)
          await pause(5)
        }
      }
    }
  }
})

test('a response in 20,000 tiny chunks, and one that trickles, arrive whole', async (t) => {
  const { talk } = await playing(t, (socket) => {
    socket.write(
      `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${'1\r\na\r\n'.repeat(20_000)}0\r\n\r\n`
    )
  })
  assert.equal((await talk(`GET /a HTTP/1.1\r\n${HOST}\r\n`)).answers[0]?.body.length, 20_000)
  const slow = await playing(t, async (socket) => {
    for (const byte of 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello') {
      socket.write(byte)
      await pause(5)
    }
  })
  assert.equal((await slow.talk(`GET /a HTTP/1.1\r\n${HOST}\r\n`)).answers[0]?.body, 'hello')
})

test('bytes after the end of a response reach nobody, and end the connection to the app', async (t) => {
  const { talk, gateway } = await playing(t, (socket) =>
    socket.write(
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'
    )
  )
  const { answers, rest, end } = await talk(`GET /a HTTP/1.1\r\n${HOST}\r\n`)
  assert.deepEqual([answers.map(({ body }) => body), rest, end], [['ok'], '', 'open'])
  assert.equal(gateway.app.proxy.upstreams[0]!.connections, 0)
})
