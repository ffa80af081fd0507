import { type IncomingMessage, METHODS, type ServerResponse } from 'node:http'
import {
  constants,
  createServer,
  type Http2ServerRequest,
  Http2ServerResponse,
  type ServerHttp2Session,
  type ServerHttp2Stream
} from 'node:http2'
import { holdContinueBack } from '../continue.ts'
import type { ServeOptions, Speaker } from './http1.ts'
import {
  CLIENT_IDLE_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  MAX_CONCURRENT_STREAMS,
  MAX_HEADER_BYTES
} from './limits.ts'
import { answerPlain } from './raw-answer.ts'
import { watchStreams } from './stalled-streams.ts'

/** What a client may send ahead on one stream, and on all streams of a connection; memory at stake, in bytes. */
const STREAM_WINDOW_BYTES = 262_144
const SESSION_WINDOW_BYTES = 1_048_576
/** Fields of a head: their bytes are bounded as well. Node's default of 128 is less than HTTP/1.1 takes. */
const MAX_FIELDS = 2000
/** Broken frames, and streams over the limit, before a connection is cut. */
const MAX_INVALID_FRAMES = 100
const MAX_REJECTED_STREAMS = 100
/** The client has its answer; for the rest of its body there is this much patience, as over HTTP/1.1. */
const LINGER_MS = 2000
const GOODBYE_MS = 1000

const KNOWN_METHODS = new Set(METHODS)

/**
 * Speaks HTTP/2. A client that opens and resets streams faster than anybody needs (rapid reset) is stopped by nghttp2:
 * 1000 at once, then 33 in a second.
 */
export function createHttp2(options: ServeOptions): Speaker {
  const { maxHeaderBytes = MAX_HEADER_BYTES, keepAliveTimeoutMs = KEEP_ALIVE_TIMEOUT_MS } = options
  const server = createServer({
    Http2ServerResponse: CutResponse as typeof Http2ServerResponse,
    maxSessionInvalidFrames: MAX_INVALID_FRAMES,
    maxSessionRejectedStreams: MAX_REJECTED_STREAMS,
    maxHeaderListPairs: MAX_FIELDS,
    settings: {
      maxConcurrentStreams: MAX_CONCURRENT_STREAMS,
      // HTTP/2 counts 32 bytes for each field besides its own (RFC 9113 section 6.5.2). Above this a stream is reset, but
      // only once the client has acknowledged it.
      maxHeaderListSize: 2 * maxHeaderBytes,
      initialWindowSize: STREAM_WINDOW_BYTES,
      enablePush: false
    }
  })
  const sessions = new Set<ServerHttp2Session>()
  const streams = watchStreams(options.clientIdleTimeoutMs ?? CLIENT_IDLE_TIMEOUT_MS)
  let draining = false

  server.on('session', (session) => {
    sessions.add(session)
    let open = 0
    session.setLocalWindowSize(SESSION_WINDOW_BYTES)
    // Not the session's own timer: Node leaves that one running when a session ends, which holds on to the session. Besides,
    // pings would put it off.
    const idle = setTimeout(() => {
      if (open === 0) sayGoodbye(session)
    }, keepAliveTimeoutMs).unref()
    session.on('stream', (stream) => {
      open++
      streams.add(stream)
      stream.once('close', () => {
        open--
        if (open === 0 && !session.destroyed) idle.refresh()
      })
    })
    session.once('close', () => {
      clearTimeout(idle)
      sessions.delete(session)
    })
    if (draining) session.close()
  })
  const onRequest = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    response.stream.once('finish', () => stopUpload(response.stream))
    const { headers } = request
    // RFC 9113 section 8.3.1: the one that counts, wherever it is looked for. What was sent stays in `rawHeaders`.
    const host = headers[':authority'] || headers.host
    if (host === undefined) {
      answerPlain(response, 400)
      return
    }
    headers[':authority'] = host
    headers.host = host
    if (bytesOf(request.rawHeaders) > maxHeaderBytes) answerPlain(response, 431)
    else if (KNOWN_METHODS.has(request.method)) options.onRequest(...asHttp1(request, response))
    else answerPlain(response, 501)
  }
  server.on('request', onRequest)
  server.on('connect', onRequest)
  server.on('checkContinue', (request, response) => {
    holdContinueBack(...asHttp1(request, response))
    onRequest(request, response)
  })
  server.on('checkExpectation', onRequest)

  return {
    take(socket) {
      // A session ends with its connection: Node's does not notice a half that has ended.
      socket.allowHalfOpen = false
      server.emit('connection', socket)
    },
    drain() {
      draining = true
      for (const session of sessions) session.close()
    },
    close() {
      streams.close()
      for (const session of sessions) session.destroy()
    }
  }
}

// Whoever destroys a response half-way means that it must not look whole. Without an error, Node would tell the client
// that there was none.
class CutResponse extends Http2ServerResponse {
  override destroy(error: Error = new Error('the response was cut')): this {
    super.destroy(error)
    return this
  }
}

// As HTTP/1.1 would spell them: `name: value` and a line end.
function bytesOf(rawHeaders: readonly string[]): number {
  let bytes = 0
  for (const text of rawHeaders) bytes += text.length + 2
  return bytes
}

// What Fastify and the plugins do with a request and a response, both protocols' classes can.
function asHttp1(
  request: Http2ServerRequest,
  response: Http2ServerResponse
): [IncomingMessage, ServerResponse] {
  return [request as unknown as IncomingMessage, response as unknown as ServerResponse]
}

// The response is whole: the client is asked to stop sending (RFC 9113 section 8.1).
function stopUpload(stream: ServerHttp2Stream): void {
  if (stream.endAfterHeaders || stream.readableEnded || stream.closed) return
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), LINGER_MS).unref()
  stream.once('close', () => clearTimeout(timer))
}

// A client that does not read would keep a polite end waiting for ever.
function sayGoodbye(session: ServerHttp2Session): void {
  session.close()
  const timer = setTimeout(() => session.destroy(), GOODBYE_MS).unref()
  session.once('close', () => clearTimeout(timer))
}
