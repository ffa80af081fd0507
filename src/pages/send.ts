import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { isHttp2 } from '../is-http2.ts'
import { type HeadLines, setWholeHead } from '../whole-head.ts'

/** A whole answer, made beforehand. */
export interface Prepared {
  readonly status: number
  /** Names and values in turn, as node's `writeHead` takes them. */
  readonly headers: readonly string[]
  /** The headers as they go over the wire, where they are made for many. */
  readonly lines?: HeadLines | null
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
  writeHead(response, answer, modern, ending)
  const empty = request.method === 'HEAD' || answer.body === ''
  if (!unread || request.complete) end(response, empty ? '' : answer.body)
  else if (close && !request.destroyed) linger(request, response, empty ? '' : answer.body)
  else {
    end(response, empty ? '' : answer.body)
    discard(request)
  }
}

function writeHead(response: ServerResponse, answer: Prepared, modern: boolean, ending: boolean): void {
  const { status, lines } = answer
  const headers = answer.headers as string[]
  const reasonPhrase = STATUS_CODES[status] ?? 'Error'
  if (modern) response.writeHead(status, headers)
  else if (ending) response.writeHead(status, reasonPhrase, [...headers, 'Connection', 'close'])
  else if (!lines || !setWholeHead(response, status, reasonPhrase, lines))
    response.writeHead(status, reasonPhrase, headers)
}

/** Whether the client is beyond any answer: gone, answered, or in the middle of one. */
export function isOver(response: ServerResponse): boolean {
  return response.destroyed || response.writableEnded || response.socket?.destroyed === true
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

function end(response: ServerResponse, body: string): void {
  if (body === '' || isHttp2(response.req)) {
    response.end(body, 'latin1')
    return
  }
  // Head and body in one piece for the kernel: Node would hold them back and add the empty write of `end` to them.
  response.write(body, 'latin1')
  response.socket?.uncork()
  response.end()
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
