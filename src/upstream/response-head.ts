/**
 * Reads the head of an HTTP/1 response (RFC 9112 sections 4 to 6), at least as strictly as Node's own parser.
 */
import { UpstreamError } from './failure.ts'

/** How the end of a response body is found (RFC 9112 section 6.3). */
export type Framing = 'none' | 'length' | 'chunked' | 'close'

export interface ResponseHead {
  status: number
  reasonPhrase: string
  /** Name, value, name, value, ... as sent, without the fields that end at this hop. */
  rawHeaders: string[]
  framing: Framing
  /** Bytes of the body when framing is `length`. */
  contentLength: number
  /** The connection may serve another request after this response. */
  keepAlive: boolean
  /** How long the upstream keeps the connection without one, in milliseconds; Infinity when it does not say. */
  keptForMs: number
  /** Value of the Upgrade field of a 101 or 426, which ends at this hop unless it is relayed on purpose. */
  upgrade: string | null
  /** Value of the Trailer field, relayed only to a client that takes trailers. */
  trailer: string | null
}

// status-line = HTTP-version SP status-code SP [ reason-phrase ]; llhttp and everybody else take a missing last SP.
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const TAB = 0x09
const DIGITS = /^\d{1,15}$/
const CLOSE = /(?:^|,)[\t ]*close[\t ]*(?:,|$)/i
const KEPT_FOR = /(?:^|[,\t ])timeout=(\d{1,9})/i
const UPGRADE = /(?:^|,)[\t ]*upgrade[\t ]*(?:,|$)/

/**
 * @param text the head in latin1, from the status line to the last field line, without the empty line at the end
 * @param method the method of the request: an answer to HEAD has no body whatever its fields say
 * @throws UpstreamError `invalid-response` for anything that two readers could understand differently
 */
export function parseResponseHead(text: string, method: string): ResponseHead {
  let lineEnd = text.indexOf('\r\n')
  if (lineEnd === -1) lineEnd = text.length
  const match = STATUS_LINE.exec(text.slice(0, lineEnd))
  if (!match) throw invalid('malformed status line')
  const status = Number(match[2])
  const head: ResponseHead = {
    status,
    reasonPhrase: match[3] ?? '',
    rawHeaders: [],
    framing: 'close',
    contentLength: 0,
    keepAlive: match[1] === '1',
    keptForMs: Number.POSITIVE_INFINITY,
    upgrade: null,
    trailer: null
  }
  const fields: ConnectionFields = { connection: '', length: null, transferEncoding: null, endsInTab: false }
  while (lineEnd < text.length) {
    const start = lineEnd + 2
    lineEnd = text.indexOf('\r\n', start)
    if (lineEnd === -1) lineEnd = text.length
    const colon = text.indexOf(':', start)
    if (colon === -1 || colon > lineEnd) throw invalid('a field line without a colon')
    const name = text.slice(start, colon)
    const value = trimOws(text, colon + 1, lineEnd)
    // A leading space (obs-fold) is no token character, so folded lines are refused here too.
    if (!FIELD_NAME.test(name)) throw invalid('malformed field name')
    if (!FIELD_VALUE.test(value)) throw invalid('a control character in a field value')
    fields.endsInTab = hasTabAtEnd(text, lineEnd)
    if (!takeOwnField(name, value, head, fields)) head.rawHeaders.push(name, value)
  }
  applyConnection(head, fields.connection)
  // RFC 9110 section 7.8 asks for both fields; without them it is an odd end to some readers and a tunnel to others.
  if (status === 101 && (!head.upgrade || !UPGRADE.test(fields.connection)))
    throw invalid('a 101 that names no protocol')
  applyFraming(head, fields, method, match[1] === '1')
  return head
}

interface ConnectionFields {
  connection: string
  length: string | null
  transferEncoding: string | null
  /** There is a tab in the white space after the value of the field line that is read. */
  endsInTab: boolean
}

// Written as in RFC 2068 section 19.7.1.1, which everybody still does.
function keptForMs(value: string): number {
  const seconds = KEPT_FOR.exec(value)?.[1]
  return seconds === undefined ? Number.POSITIVE_INFINITY : Number(seconds) * 1000
}

// Fields that are about this hop and not about the message (RFC 9110 section 7.6.1). The length of the name sorts out
// most fields without lower-casing them.
function takeOwnField(name: string, value: string, head: ResponseHead, fields: ConnectionFields): boolean {
  switch (name.length) {
    case 7:
      switch (name.toLowerCase()) {
        case 'upgrade':
          head.upgrade = value
          return true
        case 'trailer':
          head.trailer = value
          return true
        default:
          return false
      }
    case 10:
      switch (name.toLowerCase()) {
        case 'connection':
          fields.connection += `,${value.toLowerCase()}`
          return true
        case 'keep-alive':
          head.keptForMs = keptForMs(value)
          return true
        default:
          return false
      }
    case 14:
      if (name.toLowerCase() !== 'content-length') return false
      if (!DIGITS.test(value)) throw invalid('malformed Content-Length')
      if (fields.endsInTab) throw invalid('a tab after Content-Length')
      if (fields.length !== null) throw invalid('two Content-Length')
      fields.length = value
      return false
    case 16:
      if (name.toLowerCase() !== 'proxy-connection') return false
      // Not a field of any standard, so nothing is taken off for it; but whoever writes `close` there means it.
      if (CLOSE.test(value)) head.keepAlive = false
      return true
    case 17:
      if (name.toLowerCase() !== 'transfer-encoding') return false
      if (fields.transferEncoding !== null) throw invalid('two Transfer-Encoding')
      // White space to RFC 9110 and a part of the value to older llhttp, which reads such a body to the connection's end.
      if (fields.endsInTab) throw invalid('a tab after Transfer-Encoding')
      fields.transferEncoding = value.toLowerCase()
      return true
    default:
      return false
  }
}

function applyConnection(head: ResponseHead, connection: string): void {
  if (connection === '') return
  for (const part of connection.split(',')) {
    const option = trimOws(part, 0, part.length)
    if (option === '') continue
    if (option === 'close') head.keepAlive = false
    else if (option !== 'keep-alive' && option !== 'upgrade') dropField(head.rawHeaders, option)
  }
}

// A sender must not list these (RFC 9110 section 7.6.1); taking them off would change the message itself.
const NEVER_DROPPED = new Set([
  'content-length',
  'content-type',
  'content-encoding',
  'cache-control',
  'set-cookie'
])

function dropField(rawHeaders: string[], lowerName: string): void {
  if (NEVER_DROPPED.has(lowerName)) return
  for (let i = rawHeaders.length - 2; i >= 0; i -= 2) {
    if (rawHeaders[i]!.toLowerCase() === lowerName) rawHeaders.splice(i, 2)
  }
}

// RFC 9112 section 6.3, in its order.
function applyFraming(head: ResponseHead, fields: ConnectionFields, method: string, http11: boolean): void {
  if (fields.transferEncoding !== null) {
    if (fields.transferEncoding !== 'chunked') throw invalid('an unknown Transfer-Encoding')
    if (fields.length !== null) throw invalid('Content-Length beside Transfer-Encoding')
    if (!http11) throw invalid('Transfer-Encoding in HTTP/1.0')
  }
  const { status } = head
  if (status < 200 || status === 204 || status === 304 || method === 'HEAD') {
    head.framing = 'none'
  } else if (fields.transferEncoding !== null) {
    head.framing = 'chunked'
  } else if (fields.length !== null) {
    head.contentLength = Number(fields.length)
    head.framing = head.contentLength === 0 ? 'none' : 'length'
  } else {
    head.keepAlive = false
  }
}

/** Takes the optional white space of RFC 9110 section 5.6.3 off both ends. */
export function trimOws(text: string, start: number, end: number): string {
  let from = start
  let to = end
  while (from < to && isOws(text.charCodeAt(from))) from++
  while (to > from && isOws(text.charCodeAt(to - 1))) to--
  return text.slice(from, to)
}

function hasTabAtEnd(text: string, end: number): boolean {
  let at = end - 1
  while (text.charCodeAt(at) === 0x20) at--
  return text.charCodeAt(at) === TAB
}

function isOws(code: number): boolean {
  return code === 0x20 || code === TAB
}

function invalid(detail: string): UpstreamError {
  return new UpstreamError('invalid-response', detail)
}
