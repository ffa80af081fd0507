/** How a request that is over looks in the access log. */
import type { IncomingMessage } from 'node:http'
import type { Observation } from './observation.ts'

export interface AccessEntry {
  id: string
  /** Undefined where there is only one. */
  site: string | undefined
  /** The other end of the connection, and whom it speaks for; the same without proxies in front of us. */
  peer: string
  client: string
  request: IncomingMessage
  /** The target without its query. */
  path: string
  /** 0 when the client left without an answer. */
  status: number
  durationMs: number
  observation: Observation
  /** To the client, heads included; null when that is not known, as over HTTP/2. */
  sentBytes: number | null
}

/** Status of a client that left before it was answered, in the log only (nginx: 499). */
const CLIENT_CLOSED_REQUEST = 499
// W3C Trace Context, section 3.2: version, trace-id, parent-id, flags. An id of zeros is none.
const TRACE_PARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** As the other lines of the log, which pino writes. Written by hand: it is a fifth of the cost. */
export function jsonLine(entry: AccessEntry): string {
  const { request, observation, peer, client, site } = entry
  const { answeredBy, reason } = observation
  const upstreamMs = upstreamMsOf(observation)
  const trace = traceIdOf(request)
  return (
    `{"level":30,"time":${Date.now()},"msg":"request","requestId":"${entry.id}",` +
    `${site === undefined ? '' : `"site":${JSON.stringify(site)},`}"peer":"${peer}",` +
    `${client === peer ? '' : `"client":"${client}",`}"method":"${request.method}",` +
    `"host":${quoted(request.headers.host ?? '')},"path":${quoted(entry.path)},` +
    `"status":${entry.status || CLIENT_CLOSED_REQUEST},"durationMs":${entry.durationMs.toFixed(1)},` +
    `"answeredBy":"${answeredBy ?? 'gateway'}"${reason === null ? '' : `,"reason":"${reason}"`}` +
    `${upstreamMs === null ? '' : `,"upstreamMs":${upstreamMs.toFixed(1)}`}` +
    `${trace === null ? '' : `,"traceId":"${trace}"`}}\n`
  )
}

/**
 * The combined format of Apache and nginx, and behind it: seconds, seconds of the upstream, reason, request id, trace id,
 * each of them `-` where there is none. The size is that of the whole answer.
 */
export function combinedLine(entry: AccessEntry): string {
  const { request, observation, client, status, sentBytes } = entry
  const { method, httpVersion, headers } = request
  const upstreamMs = upstreamMsOf(observation)
  const referer = headers.referer?.split('?', 1)[0]
  return (
    `${client || '-'} - - [${clfTime(new Date())}] "${method} ${escaped(entry.path)} HTTP/${httpVersion}" ` +
    `${status || CLIENT_CLOSED_REQUEST} ${sentBytes ?? '-'} "${escaped(referer || '-')}" ` +
    `"${escaped(headers['user-agent'] ?? '-')}" ${seconds(entry.durationMs)} ` +
    `${upstreamMs === null ? '-' : seconds(upstreamMs)} ${observation.reason ?? '-'} ${entry.id} ` +
    `${traceIdOf(request) ?? '-'}\n`
  )
}

function upstreamMsOf({ headMs, handedOverMs }: Observation): number | null {
  return headMs === 0 ? null : headMs - handedOverMs
}

function traceIdOf({ headers }: IncomingMessage): string | null {
  const { traceparent } = headers
  return typeof traceparent === 'string' ? (TRACE_PARENT.exec(traceparent)?.[1] ?? null) : null
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3)
}

const PLAIN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/

// Above ASCII there are characters too that a terminal obeys.
function quoted(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  return JSON.stringify(text).replace(/[\x7f-\uffff]/g, (char) => `\\u${hex(char, 4)}`)
}

// Nobody may end a field, a line or a terminal's colour (nginx: escape=default).
function escaped(text: string): string {
  return text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, (char) => `\\x${hex(char, 2)}`)
}

function hex(char: string, digits: number): string {
  return char.charCodeAt(0).toString(16).toUpperCase().padStart(digits, '0')
}

// 24/Nov/2026:09:38:51 +0000. In UTC, as everything else here.
function clfTime(now: Date): string {
  const [, clock] = now.toISOString().split('T')
  const day = String(now.getUTCDate()).padStart(2, '0')
  return `${day}/${MONTHS[now.getUTCMonth()]}/${now.getUTCFullYear()}:${clock!.slice(0, 8)} +0000`
}
