import assert from 'node:assert/strict'
import test from 'node:test'
import { HOST, wire } from './wire.ts'

const TE = 'Transfer-Encoding: chunked\r\n'
const CHUNKS = '3\r\nabc\r\n0\r\n\r\n'
const NEXT = `GET /next HTTP/1.1\r\n${HOST}\r\n`

/** Fields and body of a POST that could be read in two ways. */
const AMBIGUOUS: Record<string, [fields: string, body: string, status?: number]> = {
  'a length before a coding': [`Content-Length: 3\r\n${TE}`, CHUNKS],
  'a coding before a length': [`${TE}Content-Length: 3\r\n`, CHUNKS],
  'a length of 0 and a coding': [`Content-Length: 0\r\n${TE}`, CHUNKS],
  'two lines of a coding': [`${TE}${TE}`, CHUNKS],
  'a coding twice in a list': ['Transfer-Encoding: chunked, chunked\r\n', CHUNKS],
  'chunked that is not the last coding': ['Transfer-Encoding: chunked, gzip\r\n', CHUNKS],
  'a coding before chunked': ['Transfer-Encoding: gzip, chunked\r\n', CHUNKS, 501],
  'a coding that nobody knows': ['Transfer-Encoding: xchunked\r\n', CHUNKS, 501],
  'the identity coding': ['Transfer-Encoding: identity\r\n', CHUNKS, 501],
  'a quoted coding': ['Transfer-Encoding: "chunked"\r\n', CHUNKS, 501],
  'a coding with a parameter': ['Transfer-Encoding: chunked;q=1\r\n', CHUNKS, 501],
  'a vertical tab before a coding': ['Transfer-Encoding: \x0bchunked\r\n', CHUNKS],
  'a NUL after a coding': ['Transfer-Encoding: chunked\0\r\n', CHUNKS],
  'a space before the colon of a coding': ['Transfer-Encoding : chunked\r\n', CHUNKS],
  'a folded coding': ['Transfer-Encoding:\r\n chunked\r\n', CHUNKS],
  'two equal lengths': ['Content-Length: 3\r\nContent-Length: 3\r\n', 'abc'],
  'two lengths': ['Content-Length: 3\r\nContent-Length: 4\r\n', 'abcd'],
  'a list of lengths': ['Content-Length: 3, 3\r\n', 'abc'],
  'a length with a plus': ['Content-Length: +3\r\n', 'abc'],
  'a negative length': ['Content-Length: -3\r\n', 'abc'],
  'a hexadecimal length': ['Content-Length: 0x3\r\n', 'abc'],
  'a length with a fraction': ['Content-Length: 3.0\r\n', 'abc'],
  'a length with an exponent': ['Content-Length: 3e0\r\n', 'abc'],
  'an empty length': ['Content-Length:\r\n', ''],
  'a length in two words': ['Content-Length: 3 3\r\n', 'abc'],
  'a length beyond 64 bits': ['Content-Length: 18446744073709551619\r\n', 'abc'],
  'a folded length': ['Content-Length:\r\n 3\r\n', 'abc'],
  'a space before the colon of a length': ['Content-Length : 3\r\n', 'abc'],
  'a chunk line that ends in LF': [TE, '3\nabc\r\n0\r\n\r\n'],
  'a chunk that ends in LF': [TE, '3\r\nabc\n0\r\n\r\n'],
  'a chunk line that ends in CR': [TE, '3\rabc\r\n0\r\n\r\n'],
  'a negative chunk size': [TE, '-3\r\nabc\r\n0\r\n\r\n'],
  'a chunk size with 0x': [TE, '0x3\r\nabc\r\n0\r\n\r\n'],
  'a space before a chunk size': [TE, ' 3\r\nabc\r\n0\r\n\r\n'],
  'a chunk size that overflows': [TE, '10000000000000003\r\nabc\r\n0\r\n\r\n'],
  'a chunk line without a size': [TE, '\r\nabc\r\n0\r\n\r\n'],
  'a chunk size that is none': [TE, 'g\r\nabc\r\n0\r\n\r\n'],
  'a chunk longer than its size': [TE, '3\r\nabcd\r\n0\r\n\r\n'],
  'a chunk shorter than its size': [TE, '4\r\nabc\r\n0\r\n\r\n'],
  'a LF in a chunk extension': [TE, '3;a\nb\r\nabc\r\n0\r\n\r\n'],
  'a CR in a chunk extension': [TE, '3;a\rb\r\nabc\r\n0\r\n\r\n'],
  'a length among the trailers': [TE, '3\r\nabc\r\n0\r\nContent-Length: 9\r\n\r\n'],
  'a coding among the trailers': [TE, '3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n'],
  'a request line among the trailers': [TE, '3\r\nabc\r\n0\r\nGET /evil HTTP/1.1\r\n\r\n'],
  'a folded field': ['X-A: a\r\n b\r\nContent-Length: 0\r\n', ''],
  'a bare CR in a value': ['X-A: a\rX-B: b\r\nContent-Length: 0\r\n', ''],
  'a NUL in a value': ['X-A: a\0b\r\nContent-Length: 0\r\n', ''],
  'a space before a colon': ['X-A : a\r\nContent-Length: 0\r\n', ''],
  'a space in a name': ['X A: a\r\nContent-Length: 0\r\n', ''],
  'a field without a name': [': a\r\nContent-Length: 0\r\n', ''],
  'a field without a colon': ['X-A\r\nContent-Length: 0\r\n', ''],
  'a CR before the line end': ['Content-Length: 0\r\r\n', '']
}

for (const [name, [fields, body, status = 400]] of Object.entries(AMBIGUOUS)) {
  test(`${name} is refused with ${status}, and nothing on the connection reaches the app as a request`, async (t) => {
    const { talk, reached } = await wire(t)
    const { statuses, end } = await talk(`POST /a HTTP/1.1\r\n${HOST}${fields}\r\n${body}${NEXT}`)
    assert.deepEqual([statuses, end], [[status], 'end'])
    assert.deepEqual(reached(), [])
  })
}

// Node's parser refuses it by itself from version 24 on.
test('an empty coding is refused with 400 or 501, and nothing on the connection reaches the app as a request', async (t) => {
  const { talk, reached } = await wire(t)
  const { statuses, end } = await talk(
    `POST /a HTTP/1.1\r\n${HOST}Transfer-Encoding:\r\n\r\n${CHUNKS}${NEXT}`
  )
  assert.ok([400, 501].includes(statuses[0]!), String(statuses))
  assert.deepEqual([statuses.length, end], [1, 'end'])
  assert.deepEqual(reached(), [])
})

/** Fields and body of a POST with `abc`, odd but clear. */
const CLEAR: Record<string, [fields: string, body: string]> = {
  'a coding in capitals': ['TRANSFER-ENCODING: CHUNKED\r\n', CHUNKS],
  'a tab before a coding': ['Transfer-Encoding:\tchunked\r\n', CHUNKS],
  'a length with zeros in front': ['Content-Length: 0003\r\n', 'abc'],
  'a space after a length': ['Content-Length: 3 \r\n', 'abc'],
  'chunk extensions': [TE, '3;a=b;c="d e"\r\nabc\r\n0;z\r\n\r\n'],
  'zeros before a chunk size': [TE, '0000003\r\nabc\r\n000\r\n\r\n'],
  'a chunk a byte': [TE, '1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n'],
  'trailers, which end here': [TE, '3\r\nabc\r\n0\r\nHost: evil\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n'],
  'a length that Connection lists': ['Connection: Content-Length\r\nContent-Length: 3\r\n', 'abc'],
  'a coding that Connection lists': [`Connection: Transfer-Encoding\r\n${TE}`, CHUNKS],
  'a coding with an underscore': ['Transfer_Encoding: chunked\r\nContent-Length: 3\r\n', 'abc'],
  'a length with an underscore': ['Content_Length: 7\r\nContent-Length: 3\r\n', 'abc']
}

for (const [name, [fields, body]] of Object.entries(CLEAR)) {
  test(`${name} passes, and the connection stays in step on both sides`, async (t) => {
    const { talk, upstream } = await wire(t)
    const { answers, end } = await talk(`POST /a HTTP/1.1\r\n${HOST}${fields}\r\n${body}${NEXT}`, {
      answers: 2
    })
    assert.deepEqual(
      answers.map((answer) => answer.body),
      ['POST /a abc', 'GET /next']
    )
    assert.equal(end, 'open')
    const names = upstream.seen[0]!.rawHeaders.filter((_, i) => i % 2 === 0).join()
    assert.doesNotMatch(names, /_|connection/i)
    assert.doesNotMatch(JSON.stringify(upstream.seen), /evil|6\.6\.6\.6/)
  })
}

test('a body that is not complete never looks complete to the app', async (t) => {
  for (const unfinished of [
    '3\r\nabc\r\n',
    '3\r\nabc\r\n0\r\n',
    '3\r\nab',
    'ffffffffffffffff\r\nabc\r\n0\r\n\r\n'
  ]) {
    const { talk, upstream } = await wire(t)
    const { client } = await talk(`POST /a HTTP/1.1\r\n${HOST}${TE}\r\n${unfinished}`, { answers: 0 })
    client.socket.end()
    await client.ended()
    assert.deepEqual(upstream.seen, [])
  }
})

test('HTTP/1.0 has no chunks, whatever is asked of the connection', async (t) => {
  for (const fields of ['', 'Connection: keep-alive\r\n']) {
    const { talk, reached } = await wire(t)
    const { statuses, end } = await talk(`POST /a HTTP/1.0\r\n${HOST}${fields}${TE}\r\n${CHUNKS}`)
    assert.deepEqual([statuses, end, reached()], [[400], 'end', []])
  }
})
