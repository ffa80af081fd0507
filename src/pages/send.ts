import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { isHttp2 } from '../is-http2.ts'
import { isEnding } from '../turn-end.ts'
import type { WholeAnswer } from '../whole-head.ts'

/** A whole answer, made beforehand. */
export interface Prepared {
  readonly status: number
  /** Names and values in turn, as node's `writeHead` takes them. */
  readonly headers: readonly string[]
  /** The same as it goes over the wire, where it is made for many. */
  readonly whole?: WholeAnswer | null
  /** One character a byte. */
  readonly body: string
}

// How long a client that is still sending may go on after its answer, when the connection is to be closed. Closing
// at once would reset the connection and could take the answer with it.
const LINGER_MS = 2000

const ignore = (): void => {}

/** Writes an answer to the raw response. Does nothing when the client is gone or has its answer already. */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Prepared,
  close: boolean
): void {
  const modern = isHttp2(request)
  // Whoever held the response before us may have copied an answer's headers to it already. Not these: there the
  // server says that it is about to stop, and a refusal what would be taken.
  for (const name of response.getHeaderNames())
    if (name !== 'connection' && name !== 'allow') response.removeHeader(name)
  const unread = !modern && hasBody(request)
  const ending = !modern && (close || (unread && request.destroyed))
  if (ending) response.shouldKeepAlive = false
  const goesOn = unread && !request.complete
  const body = request.method === 'HEAD' ? '' : answer.body
  if (goesOn && close && !request.destroyed) {
    writeHead(response, answer, modern, ending)
    linger(request, response, body)
    return
  }
  if (answer.whole?.endBy(response, !unread) !== true) {
    writeHead(response, answer, modern, ending)
    response.end(body, 'latin1')
  }
  if (goesOn) discard(request)
}

function writeHead(response: ServerResponse, answer: Prepared, modern: boolean, ending: boolean): void {
  const { status } = answer
  const headers = answer.headers as string[]
  if (modern) response.writeHead(status, headers)
  else
    response.writeHead(status, reasonPhraseOf(status), ending ? [...headers, 'Connection', 'close'] : headers)
}

/** What stands beside a status in an answer of ours. */
export function reasonPhraseOf(status: number): string {
  return STATUS_CODES[status] ?? 'Error'
}

/** Whether the client is beyond any answer: gone, answered, or in the middle of one. */
export function isOver(response: ServerResponse): boolean {
  return response.destroyed || isEnding(response) || response.socket?.destroyed === true
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

// Without this the next request on the connection would never be read.
function discard(request: IncomingMessage): void {
  request.on('error', ignore)
  request.unpipe()
  request.resume()
}

function linger(request: IncomingMessage, response: ServerResponse, body: string): void {
  if (body === '') response.flushHeaders()
  else response.write(body, 'latin1')
  const timer = setTimeout(finish, LINGER_MS).unref()
  function finish(): void {
    clearTimeout(timer)
    request.off('end', finish).off('close', finish)
    if (!response.writableEnded) response.end()
  }
  request.once('end', finish).once('close', finish)
  discard(request)
}
