import { type BadInput, chunked, get, HOST, NEXT, post, refused } from './case.ts'

/** Where a body ends. */
export const FRAMING: readonly BadInput[] = [
  refused('a length and chunks', post('0\r\n\r\n', 'Content-Length: 5', 'Transfer-Encoding: chunked')),
  refused('chunks and a length', chunked('0\r\n\r\n', 'Content-Length: 5')),
  refused('chunked twice', post('0\r\n\r\n', 'Transfer-Encoding: chunked, chunked')),
  refused(
    'chunked in two fields',
    post('0\r\n\r\n', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')
  ),
  refused('`identity`', post('', 'Transfer-Encoding: identity'), '501, end'),
  refused('another coding before chunked', post('0\r\n\r\n', 'Transfer-Encoding: gzip, chunked'), '501, end'),
  refused('another coding after chunked', post('0\r\n\r\n', 'Transfer-Encoding: chunked, gzip')),
  refused('`xchunked`', post('0\r\n\r\n', 'Transfer-Encoding: xchunked'), '501, end'),
  refused('a vertical tab before chunked', post('0\r\n\r\n', 'Transfer-Encoding: \x0bchunked')),
  refused('chunks over HTTP/1.0', `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`),
  refused('two lengths', post('hello', 'Content-Length: 5', 'Content-Length: 6')),
  refused('two equal lengths', post('hello', 'Content-Length: 5', 'Content-Length: 5')),
  refused('a list of lengths', post('hello', 'Content-Length: 5, 5')),
  refused('a length with a sign', post('hello', 'Content-Length: +5')),
  refused('a length in hexadecimal', post('hello', 'Content-Length: 0x5')),
  refused('a negative length', post('', 'Content-Length: -1')),
  refused('an empty length', post('', 'Content-Length:')),
  refused('a length of 2^63', post('hello', 'Content-Length: 9223372036854775808')),
  refused('a length of 2^64', post('', 'Content-Length: 18446744073709551616')),
  refused('a chunk size that overflows', chunked('fffffffffffffffff\r\na\r\n0\r\n\r\n')),
  refused('a chunk size with a sign', chunked('-1\r\n')),
  refused('a chunk size behind 0x', chunked('0x1\r\na\r\n0\r\n\r\n')),
  refused('a chunk without its line end', chunked('1\r\nab\r\n0\r\n\r\n')),
  refused('a chunk line that ends in LF alone', chunked('1\na\r\n0\r\n\r\n')),
  refused('a chunk extension of 1 MB', chunked(`1;${'a'.repeat(1_000_000)}\r\na\r\n0\r\n\r\n`)),
  refused(
    'trailers that would change the request',
    chunked('1\r\na\r\n0\r\nContent-Length: 9\r\nHost: evil\r\n\r\n')
  ),
  {
    name: 'a GET with a body',
    bytes: `GET /b HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello${NEXT}`,
    answer: '200 200',
    app: ['GET /b hello', 'GET /next']
  },
  {
    name: 'a HEAD with a body',
    bytes: `HEAD /b HTTP/1.1\r\n${HOST}Content-Length: 5\r\n\r\nhello`,
    answer: '200',
    app: ['HEAD /b hello']
  },
  {
    name: 'a DELETE with a body in chunks',
    bytes: `DELETE /b HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    answer: '200',
    app: ['DELETE /b hello']
  },
  {
    name: 'bytes after a body, which are a bad request',
    bytes: `${post('hello', 'Content-Length: 5')}more\r\n\r\n`,
    answer: '200 400, end',
    app: ['POST /p hello']
  },
  {
    name: 'a refused request before another one',
    bytes: `TRACE / HTTP/1.1\r\n${HOST}\r\n${NEXT}`,
    answer: '405 200',
    app: ['GET /next']
  },
  {
    name: 'two requests in one packet',
    bytes: `${get('/1')}${NEXT}`,
    answer: '200 200',
    app: ['GET /1', 'GET /next']
  }
]
