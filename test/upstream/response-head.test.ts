import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseResponseHead } from '../../src/upstream/response-head.ts'

const head = (lines: string[], method = 'GET') => parseResponseHead(lines.join('\r\n'), method)

test('reads status, reason and fields in order', () => {
  const read = head(['HTTP/1.1 200 Very  OK', 'X-A: 1', 'x-a:2 ', 'Content-Length: 5'])
  assert.equal(read.status, 200)
  assert.equal(read.reasonPhrase, 'Very  OK')
  assert.deepEqual(read.rawHeaders, ['X-A', '1', 'x-a', '2', 'Content-Length', '5'])
  assert.deepEqual([read.framing, read.contentLength, read.keepAlive], ['length', 5, true])
})

test('a missing reason phrase is empty, with or without the space before it', () => {
  assert.equal(head(['HTTP/1.1 200']).reasonPhrase, '')
  assert.equal(head(['HTTP/1.1 200 ']).reasonPhrase, '')
})

test('finds the framing in the order of RFC 9112 section 6.3', () => {
  const framing = (status: string, fields: string[], method?: string) =>
    head([`HTTP/1.1 ${status}`, ...fields], method).framing
  assert.equal(framing('200 OK', ['Transfer-Encoding: Chunked']), 'chunked')
  assert.equal(framing('200 OK', ['Content-Length: 0']), 'none')
  assert.equal(framing('200 OK', []), 'close')
  assert.equal(framing('200 OK', ['Content-Length: 7'], 'HEAD'), 'none')
  assert.equal(framing('304 Not Modified', ['Content-Length: 7']), 'none')
  assert.equal(framing('204 No Content', ['Transfer-Encoding: chunked']), 'none')
})

test('a connection is kept only when the upstream says nothing against it', () => {
  const kept = (version: string, fields: string[]) =>
    head([`HTTP/1.${version} 200 OK`, 'Content-Length: 1', ...fields]).keepAlive
  assert.equal(kept('1', []), true)
  assert.equal(kept('1', ['Connection: close']), false)
  assert.equal(kept('1', ['Connection: Keep-Alive, Close']), false)
  assert.equal(kept('1', ['Proxy-Connection: close']), false)
  assert.equal(kept('0', []), false)
  assert.equal(head(['HTTP/1.1 200 OK']).keepAlive, false)
})

test('fields of this hop end here, and so do those that Connection lists', () => {
  const read = head([
    'HTTP/1.1 200 OK',
    'Connection: X-Hop, Set-Cookie',
    'X-Hop: 1',
    'Keep-Alive: timeout=5',
    'Proxy-Connection: keep-alive',
    'Trailer: X-Sum',
    'Upgrade: h2c',
    'Set-Cookie: a=b',
    'X-End: 2',
    'Content-Length: 0'
  ])
  assert.deepEqual(read.rawHeaders, ['Set-Cookie', 'a=b', 'X-End', '2', 'Content-Length', '0'])
  assert.equal(read.trailer, 'X-Sum')
})

test('bytes above 0x7f pass as they are', () => {
  assert.deepEqual(head(['HTTP/1.1 200 caf\xe9', 'X-A: \xff']).rawHeaders, ['X-A', '\xff'])
})

const MALFORMED: Record<string, string[]> = {
  'another protocol': ['SSH-2.0-OpenSSH_9.9'],
  'HTTP/2.0': ['HTTP/2.0 200 OK'],
  'two digits': ['HTTP/1.1 20 OK'],
  'status 099': ['HTTP/1.1 099 Low'],
  'four digits': ['HTTP/1.1 2000 OK'],
  'two spaces before the status': ['HTTP/1.1  200 OK'],
  'a control character in the reason': ['HTTP/1.1 200 O\x01K'],
  'a field without a colon': ['HTTP/1.1 200 OK', 'no colon'],
  'an empty field name': ['HTTP/1.1 200 OK', ': x'],
  'a space before the colon': ['HTTP/1.1 200 OK', 'X-A : 1'],
  'a folded field': ['HTTP/1.1 200 OK', 'X-A: 1', ' 2'],
  'a NUL in a value': ['HTTP/1.1 200 OK', 'X-A: \0'],
  'a bare CR in a value': ['HTTP/1.1 200 OK', 'X-A: a\rX-B: b'],
  'a bare LF in a value': ['HTTP/1.1 200 OK', 'X-A: a\nX-B: b'],
  'a length that is no number': ['HTTP/1.1 200 OK', 'Content-Length: foo'],
  'a negative length': ['HTTP/1.1 200 OK', 'Content-Length: -2'],
  'a signed length': ['HTTP/1.1 200 OK', 'Content-Length: +2'],
  'a list of lengths': ['HTTP/1.1 200 OK', 'Content-Length: 2, 2'],
  'an endless length': ['HTTP/1.1 200 OK', 'Content-Length: 9999999999999999'],
  'the same length twice': ['HTTP/1.1 200 OK', 'Content-Length: 2', 'Content-Length: 2'],
  'two lengths': ['HTTP/1.1 200 OK', 'Content-Length: 2', 'Content-Length: 3'],
  'length and chunks': ['HTTP/1.1 200 OK', 'Content-Length: 2', 'Transfer-Encoding: chunked'],
  'an unknown coding': ['HTTP/1.1 200 OK', 'Transfer-Encoding: foo'],
  'a coding before chunked': ['HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked'],
  'chunked twice': ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
  'a tab after the length': ['HTTP/1.1 200 OK', 'Content-Length: 2\t '],
  'a tab after chunked': ['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked\t '],
  'a 101 without Upgrade': ['HTTP/1.1 101 Switching Protocols', 'Connection: upgrade'],
  'a 101 without Connection: upgrade': ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket'],
  'chunks in HTTP/1.0': ['HTTP/1.0 200 OK', 'Transfer-Encoding: chunked']
}

for (const [name, lines] of Object.entries(MALFORMED)) {
  test(`${name} is an invalid response`, () => {
    assert.throws(() => head(lines), { name: 'UpstreamError', reason: 'invalid-response' })
  })
}
