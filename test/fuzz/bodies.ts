/** Makes bodies, and puts them into the chunked coding in every way that RFC 9112 section 7.1 leaves open. */
import type { Random } from './random.ts'

const PIECES = [
  'a',
  'hello',
  '\r\n',
  '\r',
  '\n',
  '0\r\n\r\n',
  '5',
  '\0',
  '\xff',
  'HTTP/1.1 200 OK\r\n\r\n',
  ' ',
  '<p>'
]
const EXTENSIONS = [
  ';a',
  ';a=b',
  ';a="b"',
  ';a="b;c"',
  ';a="\\"b"',
  ';a=b;c',
  ";!#$%&'*+-.^_`|~9=x",
  ';a=""',
  ';a="\t\xe9"'
]
/** Some of these are legal by the letter of the grammar, and none of them is ever sent. */
const ODD_EXTENSIONS = [
  ' ',
  '\t',
  '  ',
  ' ;a',
  '; a',
  ';a =b',
  ';a= b',
  ';',
  ';;',
  ';a;',
  ';a=',
  ';=b',
  ';a="b',
  ';a=b"',
  ';a="b"c',
  ';a="\x01"',
  ';\x01',
  ';a=\xe9',
  ';\xe9',
  ';a="b\\',
  ';a b',
  ';a="b" ',
  ';a,b',
  ';a=b=c',
  ';"a"',
  'x',
  ':',
  ',a'
]
const TRAILERS = ['X-Sum: abc', 'X-Sum:', 'x-t:\t1 ', 'Server-Timing: a;dur=1', 'ETag: "x"', 'X-E: \xe9']
const ODD_TRAILERS = [
  'Content-Length: 3',
  'Transfer-Encoding: chunked',
  'Connection: close',
  'Host: x',
  'nothing',
  ' X: y',
  ': y',
  'X : y',
  'X: a\r\n b',
  'X: \0',
  'X: a\rb',
  'X: a\nb',
  'Trailer: X',
  'Content-Length:',
  'Upgrade: x',
  'X: \x7f',
  'TE: trailers',
  'Set-Cookie: a=b'
]
const ODD_SIZES = [
  '',
  '0x3',
  '+3',
  '-3',
  ' 3',
  '3g',
  'g',
  '00000000000000000003',
  'ffffffffffffffff1',
  '7fffffffffffffff'
]

interface Chunks {
  text: string
  trailers: string[]
  sound: boolean
}

export function makeBody(random: Random): string {
  if (random.oneIn(6)) return ''
  if (random.oneIn(2000)) return 'y'.repeat(65_000 + random.below(100_000))
  if (random.oneIn(40)) return 'z'.repeat(random.below(5000))
  let body = ''
  for (let i = 1 + random.below(8); i > 0; i--) body += random.pick(PIECES)
  return body
}

export function makeChunks(random: Random, body: string): Chunks {
  const made: Chunks = { text: '', trailers: [], sound: true }
  let at = 0
  while (at < body.length) {
    const size = Math.min(body.length - at, 1 + random.below(random.oneIn(3) ? 3 : body.length))
    made.text += `${sizeLine(random, size, made)}${body.slice(at, at + size)}\r\n`
    at += size
  }
  made.text += sizeLine(random, 0, made)
  for (let i = random.oneIn(3) ? random.below(4) : 0; i > 0; i--) addTrailer(random, made)
  made.text += '\r\n'
  return made
}

function sizeLine(random: Random, size: number, made: Chunks): string {
  let digits = size.toString(16)
  if (random.oneIn(4)) digits = digits.toUpperCase()
  if (random.oneIn(10)) digits = digits.padStart(1 + random.below(9), '0')
  if (random.oneIn(300)) {
    digits = random.pick(ODD_SIZES)
    made.sound = false
  }
  let extension = random.oneIn(8) ? random.pick(EXTENSIONS) : ''
  if (random.oneIn(80)) {
    extension = random.pick(ODD_EXTENSIONS)
    made.sound = false
  }
  if (random.oneIn(3000)) {
    extension = `;a=${'b'.repeat(random.below(10_000))}`
    made.sound = false
  }
  return `${digits}${extension}\r\n`
}

function addTrailer(random: Random, made: Chunks): void {
  if (random.oneIn(12)) {
    made.text += `${random.pick(ODD_TRAILERS)}\r\n`
    made.sound = false
    return
  }
  const line = random.pick(TRAILERS)
  const colon = line.indexOf(':')
  made.text += `${line}\r\n`
  made.trailers.push(line.slice(0, colon), line.slice(colon + 1).trim())
}
