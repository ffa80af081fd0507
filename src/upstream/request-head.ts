/**
 * Turns the head of a client's request into the head that the upstream gets: byte-faithful, but for the fields that end
 * at this hop and those that tell the upstream who the client is.
 */
import type { IncomingMessage } from 'node:http'
import { BYPASS_FIELD, withoutBypassCookies } from '../bypass-traces.ts'
import { isHttp2 } from '../is-http2.ts'
import type { Peer } from '../peer.ts'
import { endsWithHead, toHttp1Fields } from './http2-request.ts'
import { parseRequestTarget } from './request-target.ts'

/** A request that is refused before it reaches the upstream. */
export interface Refusal {
  status: 400 | 405 | 501 | 505
  detail: string
}

export interface RequestHead {
  /** In latin1, with the empty line at the end. */
  head: string
  hasBody: boolean
  /** The body goes out in chunks because its length is not known. */
  chunked: boolean
  /** The client takes trailer fields (RFC 9110 section 6.5.1). */
  acceptsTrailers: boolean
}

export interface RequestHeadOptions {
  /** The request target as received. */
  target: string
  peer: Peer
  /** Value of the Upgrade field when the client asks to change protocols. */
  upgrade: string | null
  /** The Host that an HTTP/1.0 request without one is given. */
  defaultHost: string
}

// RFC 3986 section 3.2.2 with an optional port; or empty, where the target has no authority. No empty labels, as in nginx.
const HOST = /^(?!.*\.\.)(?:\[[0-9a-fA-F:.]+\]|[A-Za-z0-9\-._~%!$&'()*+,;=]+)(?::\d*)?$|^$/
// A client may list these in Connection, but they frame or route the message (RFC 9110 section 7.6.1).
const NEVER_LISTED = new Set(['host', 'content-length', 'transfer-encoding', 'content-type'])

const isRefusal = (value: object): value is Refusal => 'status' in value

export { isRefusal }

export function buildRequestHead(
  request: IncomingMessage,
  options: RequestHeadOptions
): RequestHead | Refusal {
  const method = request.method ?? 'GET'
  // They would make the app, or us, talk to itself (nginx refuses both with 405).
  if (method === 'TRACE' || method === 'CONNECT') return { status: 405, detail: `${method} is not allowed` }
  const target = parseRequestTarget(options.target, method)
  if (target === null) return { status: 400, detail: 'malformed request target' }

  const { peer } = options
  const overHttp2 = isHttp2(request)
  if (!overHttp2 && request.httpVersionMajor !== 1) return { status: 505, detail: 'neither HTTP/1.0 nor 1.1' }
  const fields = overHttp2 ? toHttp1Fields(request, options.target) : request.rawHeaders
  if (fields === null) return { status: 400, detail: 'a field that HTTP/1.1 cannot say, or no :authority' }
  const own = readOwnFields(fields, peer)
  if (own.hosts > 1) return { status: 400, detail: 'more than one Host' }
  const host = target.host ?? own.host
  if (host !== null && !isValidHost(host)) return { status: 400, detail: 'malformed Host' }
  if (own.transferEncoding !== null) {
    if (own.transferEncoding.toLowerCase() !== 'chunked')
      return { status: 501, detail: 'unknown Transfer-Encoding' }
    if (request.httpVersionMinor === 0) return { status: 400, detail: 'Transfer-Encoding in HTTP/1.0' }
  }
  // Some apps count in 64 bits with a sign, and what overflows there would make the body their next request.
  if (Number(own.length ?? 0) > Number.MAX_SAFE_INTEGER)
    return { status: 400, detail: 'a Content-Length beyond 2^53' }
  // An HTTP/2 body needs no length, since its frames say where it ends.
  const chunked =
    own.transferEncoding !== null || (overHttp2 && own.length === null && !endsWithHead(request))
  const hasBody = chunked || (own.length !== null && own.length !== '0')

  let head = `${method} ${target.originForm} HTTP/1.1\r\nHost: ${host ?? options.defaultHost}\r\n${own.passed}`
  if (chunked) head += 'Transfer-Encoding: chunked\r\n'
  if (options.upgrade !== null) head += `Connection: Upgrade\r\nUpgrade: ${options.upgrade}\r\n`
  else if (own.acceptsTrailers) head += 'Connection: TE\r\nTE: trailers\r\n'
  const forwardedFor = [own.forwardedFor, peer.address].filter((address) => address !== '').join(', ')
  if (forwardedFor !== '') head += `X-Forwarded-For: ${forwardedFor}\r\n`
  head += `X-Forwarded-Proto: ${own.forwardedProto || peer.proto}\r\n`
  // What stands in for a Host that the client has not named tells nobody how the site is called.
  const namedHost = own.forwardedHost || host
  if (namedHost) head += `X-Forwarded-Host: ${namedHost}\r\n`
  head += '\r\n'
  return { head, hasBody, chunked, acceptsTrailers: own.acceptsTrailers }
}

interface OwnFields {
  /** All fields that pass, ready to be sent. */
  passed: string
  host: string | null
  hosts: number
  length: string | null
  transferEncoding: string | null
  acceptsTrailers: boolean
  forwardedFor: string
  forwardedProto: string
  forwardedHost: string
}

function readOwnFields(rawHeaders: readonly string[], peer: Peer): OwnFields {
  const own: OwnFields = {
    passed: '',
    host: null,
    hosts: 0,
    length: null,
    transferEncoding: null,
    acceptsTrailers: false,
    forwardedFor: '',
    forwardedProto: '',
    forwardedHost: ''
  }
  const listed = listedInConnection(rawHeaders)
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const value = rawHeaders[i + 1]!
    if (takeOwnField(own, name, value, peer)) continue
    if (listed?.has(name.toLowerCase())) continue
    // WSGI and CGI apps read X_Forwarded_For as X-Forwarded-For (nginx: underscores_in_headers off).
    if (name.includes('_')) continue
    const passed = name.length === 6 && name.toLowerCase() === 'cookie' ? withoutBypassCookies(value) : value
    if (passed !== '' || value === '') own.passed += `${name}: ${passed}\r\n`
  }
  return own
}

// True when the field does not pass as it is. The length of a name sorts out most fields without lower-casing them.
function takeOwnField(own: OwnFields, name: string, value: string, peer: Peer): boolean {
  switch (name.length) {
    case 2:
      if (name.toLowerCase() !== 'te') return false
      if (/(?:^|,)[\t ]*trailers[\t ]*(?:,|$)/i.test(value)) own.acceptsTrailers = true
      return true
    case 4:
      if (name.toLowerCase() !== 'host') return false
      own.hosts++
      own.host = value
      return true
    case 6:
      // Node's server has sent the 100 already, or will when the body is read (RFC 9110 section 10.1.1).
      return name.toLowerCase() === 'expect'
    case 7:
      return isOneOf(name, 'upgrade', 'trailer')
    case 9:
      return isOneOf(name, 'forwarded', 'x-real-ip') && !peer.trusted
    case 10:
      return isOneOf(name, 'connection', 'keep-alive')
    case 14:
      if (name.toLowerCase() === 'content-length') own.length = value
      return false
    case 19:
      return isOneOf(name, 'proxy-authorization', BYPASS_FIELD) || takeForwarded(own, name, value, peer)
    default:
      return name.length > 14 && takeLongField(own, name, value, peer)
  }
}

function takeLongField(own: OwnFields, name: string, value: string, peer: Peer): boolean {
  if (name.length === 17 && name.toLowerCase() === 'transfer-encoding') {
    own.transferEncoding = own.transferEncoding === null ? value : `${own.transferEncoding}, ${value}`
    return true
  }
  if (name.length === 16 && name.toLowerCase() === 'proxy-connection') return true
  return takeForwarded(own, name, value, peer)
}

function takeForwarded(own: OwnFields, name: string, value: string, peer: Peer): boolean {
  const first = name.charCodeAt(0) | 0x20
  if (first !== 0x78 || name.slice(0, 12).toLowerCase() !== 'x-forwarded-') return false
  switch (name.slice(12).toLowerCase()) {
    case 'for':
      if (peer.trusted && value !== '')
        own.forwardedFor = own.forwardedFor === '' ? value : `${own.forwardedFor}, ${value}`
      return true
    case 'proto':
      if (peer.trustedOrigin) own.forwardedProto = value
      return true
    case 'host':
      if (peer.trustedOrigin) own.forwardedHost = value
      return true
    default:
      // X-Forwarded-Port, -Prefix, -Server and the like.
      return !peer.trusted
  }
}

function isOneOf(name: string, a: string, b: string): boolean {
  const lower = name.toLowerCase()
  return lower === a || lower === b
}

// The fields that a client names in Connection end here (RFC 9110 section 7.6.1); null when it names none.
function listedInConnection(rawHeaders: readonly string[]): Set<string> | null {
  let listed: Set<string> | null = null
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue
    const value = rawHeaders[i + 1]!
    if (value === 'keep-alive' || value === 'close' || value === 'Upgrade') continue
    for (const part of value.split(',')) {
      const option = part.trim().toLowerCase()
      if (option === '' || NEVER_LISTED.has(option)) continue
      listed ??= new Set()
      listed.add(option)
    }
  }
  return listed
}

// Most requests of a client, and of all clients, name the same host.
let lastValidHost = ''

function isValidHost(host: string): boolean {
  if (host === lastValidHost) return true
  if (!HOST.test(host)) return false
  lastValidHost = host
  return true
}
