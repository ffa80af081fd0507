/** What our reader does otherwise than Node's, on purpose. Whatever is not listed here is a failure. */
import type { FuzzCase } from './cases.ts'
import type { Reading } from './reading.ts'

/** The part of a response that was refused. */
interface Refused {
  fuzz: FuzzCase
  node: Reading
  /** All that follows the interim responses. */
  text: string
  /** The head, without the empty line after it. */
  head: string
  /** What follows the head. */
  body: string
}

interface Strictness {
  /** The message of our error. */
  says: string
  /** Printed as the category. */
  because: string
  /** The fault must be there: a message alone would also hide a reader that finds faults in everything. */
  found(refused: Refused): boolean
}

const STATUS_LINE = /^HTTP\/1\.[01] [1-9][0-9][0-9]( [^\0-\x08\n-\x1f\x7f]*)?$/
const LONGEST_HEAD_BYTES = 65_536
const LONGEST_CHUNK_LINE_BYTES = 4096
const LONGEST_TRAILERS_BYTES = 16_384
const MOST_INTERIMS = 64

const STRICTER: readonly Strictness[] = [
  {
    says: 'malformed status line',
    because: 'a status line that RFC 9112 section 4 does not know',
    found: ({ head }) => !STATUS_LINE.test(head.split('\r\n', 1)[0]!)
  },
  {
    says: 'a line ends in LF alone',
    because: 'a head with other line ends than CRLF',
    found: ({ text }) => /(?:^|[^\r])\n/.test(text.split('\r\n\r\n', 1)[0]!)
  },
  {
    says: 'not HTTP',
    because: 'an empty line in front, or another protocol',
    found: ({ text }) => !text.startsWith('HTTP/1.'.slice(0, text.length))
  },
  {
    says: 'an unknown Transfer-Encoding',
    because: 'a coding that we cannot take off and Node leaves to its user',
    found: ({ head }) => values(head, 'transfer-encoding').some((value) => value.toLowerCase() !== 'chunked')
  },
  {
    says: 'two Transfer-Encoding',
    because: 'two lines of Transfer-Encoding, of which somebody may read only one',
    found: ({ head }) => values(head, 'transfer-encoding').length > 1
  },
  {
    says: 'a tab after Content-Length',
    because: 'white space to some and a part of the length to others, older versions of Node among them',
    found: ({ head }) => /^content-length:.*\t *$/im.test(head)
  },
  {
    says: 'a tab after Transfer-Encoding',
    because: 'white space to some and a part of the coding to others, older versions of Node among them',
    found: ({ head }) => /^transfer-encoding:.*\t *$/im.test(head)
  },
  {
    says: 'Transfer-Encoding in HTTP/1.0',
    because: 'HTTP/1.0 has no codings (RFC 9112 section 6.1)',
    found: ({ head }) => head.startsWith('HTTP/1.0') && values(head, 'transfer-encoding').length > 0
  },
  {
    says: 'Content-Length beside Transfer-Encoding',
    because: 'two lengths, also where there is no body to measure',
    found: ({ head }) =>
      ['content-length', 'transfer-encoding'].every((name) => values(head, name).length > 0)
  },
  {
    says: 'malformed Content-Length',
    because: 'a length with more digits than a number can hold exactly',
    found: ({ head }) => values(head, 'content-length').some((value) => /^\d{16,}$/.test(value))
  },
  {
    says: 'a 101 that nobody asked for',
    because: 'a change of protocol that nobody asked for',
    found: ({ head, fuzz }) => /^HTTP\/1\.. 101/.test(head) && !fuzz.upgrade
  },
  {
    says: 'a 101 that names no protocol',
    because: 'a change of protocol without Upgrade, or without its Connection option',
    found: ({ head }) =>
      /^HTTP\/1\.. 101/.test(head) &&
      (values(head, 'upgrade').every((value) => value === '') || !options(head).includes('upgrade'))
  },
  {
    says: 'too many interim responses',
    because: `more than ${MOST_INTERIMS} interim responses`,
    found: ({ node }) => node.interims.length > MOST_INTERIMS
  },
  {
    says: `a head of more than ${LONGEST_HEAD_BYTES} bytes`,
    because: 'a longer head than is read (Node was told to take more than by default)',
    found: ({ head }) => head.length > LONGEST_HEAD_BYTES
  },
  {
    says: 'malformed chunk size',
    because: 'a chunk size of more than 12 digits',
    found: ({ body }) => /^[0-9a-f]{13}/im.test(body)
  },
  {
    says: 'malformed chunk extension',
    because: 'a chunk extension without a name or a value, or with a quoted string in the middle',
    found: ({ body }) => body.split('\r\n').some(hasOddExtension)
  },
  {
    says: 'a chunk or trailer line that is too long',
    because: 'a longer chunk or trailer line than is read',
    found: ({ body }) => body.split('\r\n').some((line) => line.length >= LONGEST_CHUNK_LINE_BYTES - 1)
  },
  {
    says: 'malformed trailer field',
    because: 'more trailers than are read',
    found: ({ body }) => body.length > LONGEST_TRAILERS_BYTES
  },
  {
    says: 'a trailer field about the length',
    because: 'a length or coding among the trailers, where it is too late',
    found: ({ body }) => values(body, 'content-length').length + values(body, 'transfer-encoding').length > 0
  }
]

/** Why we may refuse what Node takes, or null. */
export function reasonToRefuse(fuzz: FuzzCase, node: Reading, ours: Reading): string | null {
  const refused = { fuzz, node, ...refusedPart(fuzz, ours) }
  const rule = STRICTER.find(({ says }) => says === ours.detail)
  return rule?.found(refused) ? rule.because : null
}

/** Node also takes heads whose lines, or whose last one, end in another way. To us these go on until they are cut. */
export function hasNoHeadEnd(fuzz: FuzzCase, ours: Reading): boolean {
  return ours.head === null && !textAfterInterims(fuzz, ours).includes('\r\n\r\n')
}

function refusedPart(fuzz: FuzzCase, ours: Reading): Pick<Refused, 'text' | 'head' | 'body'> {
  const text = textAfterInterims(fuzz, ours)
  const end = text.indexOf('\r\n\r\n')
  return end === -1
    ? { text, head: text, body: '' }
    : { text, head: text.slice(0, end), body: text.slice(end + 4) }
}

function textAfterInterims(fuzz: FuzzCase, ours: Reading): string {
  const text = Buffer.concat(fuzz.packets).toString('latin1')
  return text.split('\r\n\r\n').slice(ours.interims.length).join('\r\n\r\n')
}

function values(lines: string, name: string): string[] {
  return lines
    .split('\r\n')
    .filter((line) => line.slice(0, name.length + 1).toLowerCase() === `${name}:`)
    .map((line) => line.slice(name.length + 1).replace(/^[\t ]+|[\t ]+$/g, ''))
}

function options(head: string): string[] {
  return values(head, 'connection').flatMap((value) => value.toLowerCase().split(/[\t ]*,[\t ]*/))
}

function hasOddExtension(line: string): boolean {
  if (!/^[0-9a-f]+;/i.test(line)) return false
  const unquoted = line.replace(/="(?:[^"\\]|\\.)*"(?=;|$)/g, '=x')
  return /"|;(?=[;=]|$)|=(?=[;=]|$)/.test(unquoted)
}
