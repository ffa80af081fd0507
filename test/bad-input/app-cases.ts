/** What apps answer that they should not, and what a visitor gets: as `cases.ts`, for the other side. */

export interface BadAnswer {
  name: string
  /** What the app sends once it has been asked. */
  bytes: string
  /** The app resets the connection after that. Default: it closes it. */
  resets?: boolean
  /** The app keeps the connection open after that. */
  keeps?: boolean
  /** The status that the visitor gets, and `cut` behind it when the answer is seen to break off. */
  answer: string
  /** Found in, or absent from, the whole answer. */
  has?: RegExp
  lacks?: RegExp
}

/** An answer of 200 with these fields and this body. */
const ok = (body: string, ...lines: string[]): string => ['HTTP/1.1 200 OK', ...lines, '', body].join('\r\n')
const bad = (name: string, bytes: string): BadAnswer => ({ name, bytes, answer: '502' })

export const BAD_ANSWERS: readonly BadAnswer[] = [
  bad('nothing, and the end', ''),
  { name: 'nothing, and a reset', bytes: '', resets: true, answer: '502' },
  bad('no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'),
  bad('half a head', 'HTTP/1.1 200 OK\r\nContent-Le'),
  bad('HTTP/0.9', '<html>hello</html>'),
  bad('HTTP/2', 'HTTP/2 200 OK\r\n\r\n'),
  bad('the status 99', 'HTTP/1.1 99 X\r\nContent-Length: 0\r\n\r\n'),
  bad('the status 000', 'HTTP/1.1 000 X\r\nContent-Length: 0\r\n\r\n'),
  bad('a status of four digits', 'HTTP/1.1 1000 X\r\nContent-Length: 0\r\n\r\n'),
  { name: 'the status 799', bytes: 'HTTP/1.1 799 X\r\nContent-Length: 0\r\n\r\n', answer: '799' },
  bad(
    'a change of protocols that nobody asked for',
    'HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'
  ),
  {
    name: 'a hundred interim answers',
    bytes: `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)}${ok('ok', 'Content-Length: 2')}`,
    answer: '502'
  },
  bad('two different lengths', ok('ok', 'Content-Length: 2', 'Content-Length: 3')),
  bad('two equal lengths', ok('ok', 'Content-Length: 2', 'Content-Length: 2')),
  bad('a length and chunks', ok('0\r\n\r\n', 'Content-Length: 2', 'Transfer-Encoding: chunked')),
  bad('a length that is none', ok('ok', 'Content-Length: two')),
  bad('another coding before chunked', ok('0\r\n\r\n', 'Transfer-Encoding: gzip, chunked')),
  bad('a control character in a field', ok('ok', 'X: a\x01b', 'Content-Length: 2')),
  bad('a line break in a field', ok('ok', 'X: a\rb', 'Content-Length: 2')),
  bad('a bad name of a field', ok('ok', 'X Y: a', 'Content-Length: 2')),
  { ...bad('lines that end in LF alone', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'), keeps: true },
  {
    ...bad('one line that ends in LF alone', 'HTTP/1.1 200 OK\r\nContent-Length: 2\n\r\nok'),
    keeps: true
  },
  bad('a folded field', ok('ok', 'X: a', ' b', 'Content-Length: 2')),
  bad('a head of 1 MB', ok('ok', `X: ${'y'.repeat(1_048_576)}`, 'Content-Length: 2')),
  {
    name: '200 cookies',
    bytes: ok('ok', ...Array.from({ length: 200 }, (_, n) => `Set-Cookie: c${n}=v`), 'Content-Length: 2'),
    answer: '200',
    has: /c199=v/
  },
  {
    name: 'a 204 with a length',
    bytes: 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n',
    answer: '204'
  },
  {
    name: 'a 304 with a length',
    bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n',
    answer: '304'
  },
  { name: 'a body that is cut', bytes: ok('half', 'Content-Length: 100'), answer: '200 cut' },
  {
    name: 'a body that is reset',
    bytes: ok('half', 'Content-Length: 100'),
    resets: true,
    answer: '200 cut'
  },
  { name: 'chunks that are cut', bytes: ok('5\r\nhel', 'Transfer-Encoding: chunked'), answer: '200 cut' },
  {
    name: 'a chunk that is no chunk',
    bytes: ok('5\r\nhello\r\nxyz\r\n', 'Transfer-Encoding: chunked'),
    answer: '502'
  },
  { name: 'a body without a length that is reset', bytes: ok('half'), resets: true, answer: '200 cut' },
  {
    name: 'more than the length says',
    bytes: ok('okHTTP/1.1 200 OK\r\nX: evil\r\n\r\n', 'Content-Length: 2'),
    answer: '200',
    lacks: /evil/
  },
  {
    name: 'a compressed body that is a bomb: it is not unpacked',
    bytes: ok('\x1f\x8b\x08\x00', 'Content-Encoding: gzip', 'Content-Length: 4'),
    answer: '200',
    has: /content-encoding: gzip/i
  },
  {
    name: 'fields of this hop',
    bytes: ok(
      'ok',
      'Connection: close, X-Own',
      'X-Own: a',
      'Keep-Alive: timeout=9',
      'Proxy-Authenticate: b',
      'Content-Length: 2'
    ),
    answer: '200',
    lacks: /x-own|timeout=9/i
  },
  {
    name: 'a 503 with Retry-After: it is asked once',
    bytes: 'HTTP/1.1 503 X\r\nRetry-After: 1\r\nContent-Length: 2\r\n\r\nno',
    answer: '503',
    has: /retry-after: 1/i
  },
  {
    name: 'a redirect to itself',
    bytes: 'HTTP/1.1 302 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n',
    answer: '302',
    has: /location: \//i
  }
]
