import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createChunkedDecoder } from '../../src/upstream/chunked-decoder.ts'

function decode(pieces: Buffer[]): { body: string; done: boolean; trailers: string[]; used: number } {
  const decoder = createChunkedDecoder()
  let body = ''
  let used = 0
  for (const piece of pieces) {
    if (decoder.done) break
    used += decoder.read(piece, (bytes) => {
      body += bytes.toString('latin1')
    })
  }
  return { body, done: decoder.done, trailers: decoder.trailers, used }
}

const decodeText = (text: string) => decode([Buffer.from(text, 'latin1')])

test('joins chunks, ignores extensions and keeps trailers', () => {
  const read = decodeText(
    '5;a=b;c="d"\r\nhello\r\n00A\r\n0123456789\r\n0\r\nX-Sum: abc \r\nX-B:\r\n\r\nextra'
  )
  assert.equal(read.body, 'hello0123456789')
  assert.deepEqual(read.trailers, ['X-Sum', 'abc', 'X-B', ''])
  assert.equal(read.done, true)
})

test('trailers that are about this hop end here', () => {
  const read = decodeText('0\r\nConnection: close\r\nX-Sum: 1\r\nTE: x\r\nTrailer: X-Sum\r\n\r\n')
  assert.deepEqual(read.trailers, ['X-Sum', '1'])
})

test('a quoted extension may hold what ends an unquoted one', () => {
  assert.equal(decodeText('5;a="b;=c\\"";d\r\nhello\r\n0\r\n\r\n').body, 'hello')
})

test('bytes after the end are left alone', () => {
  const text = '1\r\na\r\n0\r\n\r\n'
  assert.equal(decodeText(`${text}HTTP/1.1 200 OK`).used, text.length)
})

test('gives the same body however the bytes are cut', () => {
  const chunk = fc.string({
    unit: fc.constantFrom('a', '\r', '\n', '0', ';', '\xff'),
    minLength: 1,
    maxLength: 40
  })
  fc.assert(
    fc.property(
      fc.array(chunk, { maxLength: 6 }),
      fc.array(fc.nat(60), { maxLength: 12 }),
      (chunks, cuts) => {
        const text = `${chunks.map((c) => `${c.length.toString(16)}\r\n${c}\r\n`).join('')}0\r\nT: v\r\n\r\n`
        const bytes = Buffer.from(text, 'latin1')
        const edges = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length]
        const pieces = edges.slice(1).map((end, i) => bytes.subarray(edges[i], end))
        const read = decode(pieces)
        assert.deepEqual([read.body, read.done, read.trailers], [chunks.join(''), true, ['T', 'v']])
      }
    )
  )
})

const MALFORMED: Record<string, string> = {
  'an empty size': '\r\n',
  'a size that is no number': 'xyz\r\n',
  'a signed size': '+5\r\nhello\r\n',
  'a size in 0x': '0x5\r\nhello\r\n',
  'a size of many digits': '0000000000005\r\nhello\r\n',
  'a bare LF after the size': '5\nhello\r\n',
  'a bare LF after the data': '5\r\nhello\n0\r\n\r\n',
  'a chunk longer than its size': '3\r\nhello\r\n',
  'a control character in an extension': '5;a\x01\r\nhello\r\n',
  'a bare CR in an extension': '5;a\rb\r\nhello\r\n',
  'white space after the size': '5 \r\nhello\r\n',
  'an extension without a name': '5;=b\r\nhello\r\n',
  'an extension without a value': '5;a=\r\nhello\r\n',
  'a quoted extension without its end': '5;a="b\r\nhello\r\n',
  'an endless extension': `5;${'a'.repeat(5000)}`,
  'a Content-Length among the trailers': '0\r\nContent-Length: 5\r\n\r\n',
  'a Transfer-Encoding among the trailers': '0\r\ntransfer-encoding: chunked\r\n\r\n',
  'a trailer without a colon': '0\r\nnothing\r\n\r\n',
  'a folded trailer': '0\r\nX: a\r\n b\r\n\r\n',
  'endless trailers': `0\r\n${'X: a\r\n'.repeat(5000)}`
}

for (const [name, text] of Object.entries(MALFORMED)) {
  test(`${name} is an invalid response`, () => {
    assert.throws(() => decodeText(text), { name: 'UpstreamError', reason: 'invalid-response' })
  })
}
