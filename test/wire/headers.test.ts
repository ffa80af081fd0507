import assert from 'node:assert/strict'
import test from 'node:test'
import { fieldsOf } from '../helpers/front.ts'
import { valuesOf } from './answers.ts'
import { answering, HOST, wire } from './wire.ts'

/** What reaches the app of a request with these fields: only those that the client has sent. */
const OURS = new Set(['host', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'])

test('fields pass in their order, spelling and bytes, however often', async (t) => {
  const { talk, upstream } = await wire(t)
  const fields = [
    ...['Referer', '/one', 'REFERER', '/two', 'User-Agent', 'a', 'user-agent', 'b', 'Authorization', 'x'],
    ...['authorization', 'y', 'X-Empty', '', 'Accept', 'text/html', 'accept', '*/*', 'Cookie', 'a=1; b="2"'],
    ...['X-Latin', 'caf\xe9', 'X-Utf8', 'caf\xc3\xa9', "X-Odd!#$%&'*+.^`|~", 'a\tb', 'If-None-Match', '"x"']
  ]
  let text = ''
  for (let i = 0; i < fields.length; i += 2) text += `${fields[i]}: ${fields[i + 1]}\r\n`
  assert.deepEqual((await talk(`GET / HTTP/1.1\r\n${HOST}${text}\r\n`)).statuses, [200])
  const { rawHeaders } = upstream.seen[0]!
  const own: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (!OURS.has(rawHeaders[i]!.toLowerCase())) own.push(rawHeaders[i]!, rawHeaders[i + 1]!)
  assert.deepEqual(own, fields)
})

for (const [name, fields] of [
  ['Keep-Alive that Connection does not name', 'Keep-Alive: timeout=5\r\n'],
  ['Upgrade without Connection', 'Upgrade: websocket\r\n'],
  ['an offer of h2c', 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n'],
  ['Proxy-Connection', 'Proxy-Connection: keep-alive\r\n'],
  ['a field that Connection lists', 'Connection: X-Hop, keep-alive\r\nX-Hop: 1\r\n'],
  ['TE of other codings', 'Connection: TE\r\nTE: deflate\r\n'],
  ['credentials for a proxy', 'Proxy-Authorization: Basic eDp5\r\n']
] as const) {
  test(`${name} ends here, and the request passes without it`, async (t) => {
    const { talk, upstream } = await wire(t)
    const { statuses, end } = await talk(`GET / HTTP/1.1\r\n${HOST}${fields}X-End: 1\r\n\r\n`)
    assert.deepEqual([statuses, end], [[200], 'open'])
    const [seen] = upstream.seen
    for (const line of fields.split('\r\n').slice(0, -1)) {
      const field = line.slice(0, line.indexOf(':')).toLowerCase()
      // The connection to the app has one of its own, or none.
      if (field !== 'connection') assert.deepEqual(fieldsOf(seen!, field), [], field)
    }
    assert.deepEqual(fieldsOf(seen!, 'x-end'), ['1'])
  })
}

test('Connection cannot take away what frames a request, names its host or says where it came from', async (t) => {
  const { talk, upstream } = await wire(t)
  const listed = 'Connection: Content-Length, Host, X-Forwarded-For, X-Forwarded-Proto\r\n'
  const { statuses } = await talk(`POST / HTTP/1.1\r\n${HOST}${listed}Content-Length: 3\r\n\r\nabc`)
  assert.deepEqual([statuses, upstream.seen[0]!.body], [[200], 'abc'])
  const [seen] = upstream.seen
  assert.deepEqual(
    ['host', 'x-forwarded-for', 'x-forwarded-proto'].map((name) => fieldsOf(seen!, name)),
    [['shop.test'], ['127.0.0.1'], ['http']]
  )
})

test('fields of an answer pass in their order and bytes; what is about its connection does not', async (t) => {
  const { talk } = await answering(
    t,
    'HTTP/1.1 200 Fine so\r\nX-A: 1\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nX-Latin: caf\xe9\r\n' +
      'Location: /a/../b\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=9\r\n' +
      'Proxy-Connection: close\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok',
    'end'
  )
  const { answers, end } = await talk(`GET / HTTP/1.1\r\n${HOST}\r\n`)
  const [answer] = answers
  assert.deepEqual([answer!.reason, answer!.body, end], ['Fine so', 'ok', 'open'])
  assert.deepEqual(valuesOf(answer!, 'set-cookie'), ['a=1', 'b=2'])
  assert.deepEqual(valuesOf(answer!, 'x-latin'), ['caf\xe9'])
  assert.deepEqual(valuesOf(answer!, 'location'), ['/a/../b'])
  for (const gone of ['x-hop', 'proxy-connection', 'upgrade'])
    assert.deepEqual(valuesOf(answer!, gone), [], gone)
  assert.doesNotMatch(valuesOf(answer!, 'connection').join(), /close|x-hop/i)
})

test('a client that asks to close is told so, and the connection to the app lives on', async (t) => {
  const { talk, upstream } = await wire(t)
  for (let n = 0; n < 3; n++) {
    const { answers, end } = await talk(`GET / HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`)
    assert.deepEqual([valuesOf(answers[0]!, 'connection'), end], [['close'], 'end'])
  }
  assert.equal(upstream.connections, 1)
})
