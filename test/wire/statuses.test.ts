import assert from 'node:assert/strict'
import test from 'node:test'
import { tcpUpstream } from '../helpers/upstream.ts'
import { valuesOf } from './answers.ts'
import { answering, HOST, wire } from './wire.ts'

const ask = (method: string, fields = ''): string => `${method} /a HTTP/1.1\r\n${HOST}${fields}\r\n`

/** Fields of a response to the body that goes with them. */
const FRAMINGS: Record<string, [fields: string, body: string]> = {
  'a length': ['Content-Length: 5\r\n', 'hello'],
  'a length of 0': ['Content-Length: 0\r\n', ''],
  chunks: ['Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'],
  'nothing about the length': ['', '']
}

for (const status of ['204 No Content', '304 Not Modified']) {
  for (const [name, [fields]] of Object.entries(FRAMINGS)) {
    test(`a ${status} with ${name} has no body, to GET, HEAD and POST, and the next answer is found`, async (t) => {
      const upstream = await tcpUpstream(t, (socket) => {
        socket.on('data', (bytes: Buffer) =>
          socket.write(
            bytes.includes(' /a ')
              ? `HTTP/1.1 ${status}\r\nETag: "x"\r\n${fields}\r\n`
              : 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext'
          )
        )
      })
      const { talk } = await wire(t, { proxy: { upstream: upstream.url } })
      for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS']) {
        const { client, answers } = await talk(ask(method, method === 'POST' ? 'Content-Length: 0\r\n' : ''))
        assert.deepEqual([answers[0]?.status, answers[0]?.body], [Number(status.slice(0, 3)), ''])
        assert.deepEqual(valuesOf(answers[0]!, 'etag'), ['"x"'])
        assert.match(client.received, /\r\n\r\n$/)
        client.send(`GET /next HTTP/1.1\r\n${HOST}\r\n`)
        await client.waitFor(/\r\n\r\nnext$/)
        client.socket.destroy()
      }
    })
  }
}

for (const [name, [fields, body]] of Object.entries(FRAMINGS)) {
  test(`HEAD with ${name} is answered with its head alone`, async (t) => {
    const { talk } = await answering(
      t,
      `HTTP/1.1 200 OK\r\n${fields}\r\n`,
      name.startsWith('nothing') ? 'end' : 'keep'
    )
    const { answers, rest } = await talk(ask('HEAD'), { methods: ['HEAD'] })
    assert.deepEqual([answers[0]?.status, rest], [200, ''])
    const [length] = /\d/.exec(fields) ?? []
    assert.deepEqual(valuesOf(answers[0]!, 'content-length'), length === undefined ? [] : [length])
  })

  test(`205, 404 and a status that nobody knows keep ${name}`, async (t) => {
    for (const status of [205, 404, 299, 599, 999]) {
      const bytes = `HTTP/1.1 ${status} Said so\r\n${fields}\r\n${body}`
      const { talk } = await answering(t, bytes, name.startsWith('nothing') ? 'end' : 'keep')
      const { answers } = await talk(ask('GET'))
      const expected = body === '' ? '' : 'hello'
      assert.deepEqual(
        [answers[0]?.status, answers[0]?.reason, answers[0]?.body],
        [status, 'Said so', expected]
      )
    }
  })
}

for (const interim of ['100 Continue', '102 Processing', '103 Early Hints', '199 Odd']) {
  test(`the final answer comes after a ${interim}, to every method, and to HTTP/1.0 without it`, async (t) => {
    const early = `HTTP/1.1 ${interim}\r\nX-Early: 1\r\nLink: </a.css>; rel=preload\r\n\r\n`
    for (const method of ['GET', 'HEAD', 'POST']) {
      const final = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${method === 'HEAD' ? '' : 'ok'}`
      for (const bytes of [early + final, [early, final], [early, early, early, final]]) {
        for (const version of ['1.1', '1.0']) {
          const { talk } = await answering(t, bytes)
          const request = `${method} /a HTTP/${version}\r\n${HOST}Content-Length: 0\r\n\r\n`
          const { answers, rest } = await talk(request, { methods: [method] })
          assert.deepEqual([answers[0]?.status, rest], [200, ''])
          const hints = answers[0]!.interim
          assert.ok(hints.every((status) => status === 103))
          if (version === '1.0') assert.deepEqual(hints, [])
          else if (interim.startsWith('103')) assert.equal(hints.length, [bytes].flat().length > 2 ? 3 : 1)
        }
      }
    }
  })
}

test('more 1xx than anybody needs, and nothing but 1xx, are a 502', async (t) => {
  const flood = await answering(t, 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(1000))
  assert.deepEqual((await flood.talk(ask('GET'))).statuses, [502])
  const only = await answering(t, 'HTTP/1.1 100 Continue\r\n\r\n', 'end')
  assert.deepEqual((await only.talk(ask('GET'))).statuses, [502])
})

const INVALID: Record<string, string> = {
  'another protocol': 'SSH-2.0-OpenSSH_9.9\r\n',
  'HTTP/0.9': '<html>hello</html>',
  'HTTP/2.0': 'HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok',
  'two digits': 'HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok',
  'four digits': 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok',
  'status 000': 'HTTP/1.1 000 OK\r\nContent-Length: 2\r\n\r\nok',
  'status 099': 'HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok',
  'no colon': 'HTTP/1.1 200 OK\r\nnothing\r\nContent-Length: 2\r\n\r\nok',
  'a NUL': 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nok',
  'a bare CR': 'HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b=1\r\nContent-Length: 2\r\n\r\nok',
  'a folded field': 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok',
  'two lengths': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\noks',
  'no length': 'HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nok',
  'a negative length': 'HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok',
  'a length and chunks':
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  'a coding nobody knows': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: foo\r\n\r\nok',
  'a head that is too large': `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`,
  'a 101 that nobody asked for':
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  'a malformed first chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'
}

for (const [name, bytes] of Object.entries(INVALID)) {
  test(`an app that answers with ${name} makes a 502`, async (t) => {
    const { talk } = await answering(t, bytes, 'end')
    const { answers, received } = await talk(ask('GET'))
    assert.equal(answers[0]?.status, 502)
    assert.doesNotMatch(received, /Set-Cookie|SSH|^ok$/m)
  })
}
