import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { holdContinueBack } from '../continue.ts'
import { endTurn, letWait } from '../turn-end.ts'
import { onClientError } from './client-error.ts'
import {
  CLIENT_IDLE_TIMEOUT_MS,
  CONNECTIONS_CHECK_MS,
  HEAD_TIMEOUT_MS,
  KEEP_ALIVE_TIMEOUT_MS,
  MAX_HEADER_BYTES
} from './limits.ts'
import { answerPlain, answerRaw } from './raw-answer.ts'
import { lastResponse, noteResponse, watchStalled } from './stalled.ts'
import { inTurn } from './turns.ts'

/** Who takes requests, and within which limits. */
export interface ServeOptions {
  onRequest(request: IncomingMessage, response: ServerResponse): void
  /** Takes requests that ask to change protocols; without it they are answered as plain requests. */
  onUpgrade?(request: IncomingMessage, socket: Socket, bytes: Buffer): void
  /** Largest request line and fields together, in bytes. Default 32 KiB. */
  maxHeaderBytes?: number
  /** For the head of a request, in milliseconds. Default 15 s. */
  headTimeoutMs?: number
  /** For the next request on a connection, in milliseconds. Default 75 s. */
  keepAliveTimeoutMs?: number
  /** Longest silence of a client that has something to read or to send, in milliseconds. Default 60 s. */
  clientIdleTimeoutMs?: number
}

/** Something that speaks HTTP over connections that somebody else accepts. */
export interface Speaker {
  /** Takes a connection over. */
  take(socket: Socket): void
  /** Lets requests finish and tells clients to ask elsewhere. */
  drain(): void
  close(): void
}

export interface Http1Speaker extends Speaker {
  /** Accepts plain connections by itself when it is told to listen. */
  readonly server: Server
}

const CLOSE_IDLE_EVERY_MS = 50
/**
 * A client that is busy asks again within this, and is told with its answer that the connection ends. To close it at once would
 * often meet a request that is on its way.
 */
const LAST_REQUEST_MS = 1000

export function createHttp1(options: ServeOptions): Http1Speaker {
  const headersTimeout = options.headTimeoutMs ?? HEAD_TIMEOUT_MS
  const server = createServer({
    maxHeaderSize: options.maxHeaderBytes ?? MAX_HEADER_BYTES,
    headersTimeout,
    keepAliveTimeout: options.keepAliveTimeoutMs ?? KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: Math.min(CONNECTIONS_CHECK_MS, headersTimeout),
    // An upload takes the time it takes.
    requestTimeout: 0,
    // Node would answer by itself, and read on.
    requireHostHeader: false
  })
  // Bounded by bytes above; Node would drop what is over its default of 2000 without a word.
  server.maxHeadersCount = 0
  const stalled = watchStalled(options.clientIdleTimeoutMs ?? CLIENT_IDLE_TIMEOUT_MS)
  let idleCloser: NodeJS.Timeout | null = null
  let closeIdleFromMs = 0

  const takes = (request: IncomingMessage, response: ServerResponse): boolean => {
    const refused = refusal(request)
    if (refused !== null) {
      response.shouldKeepAlive = false
      answerPlain(response, refused)
      return false
    }
    if (idleCloser !== null) response.shouldKeepAlive = false
    return true
  }
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    inTurn(request.socket, () => {
      if (takes(request, response)) options.onRequest(request, response)
    })
    noteResponse(request, response)
  }
  server.on('connection', stalled.add)
  // Before Node's own listeners, which hear of the same.
  server.prependListener('connection', (socket: Socket) => {
    letWait(socket, true)
    socket.on('end', onFarewell).on('close', endRequest)
  })
  server.on('request', onRequest)
  server.on('checkContinue', (request, response) => {
    inTurn(request.socket, () => {
      if (!takes(request, response)) return
      holdContinueBack(request, response)
      options.onRequest(request, response)
    })
    noteResponse(request, response)
  })
  // An expectation that nobody knows is left alone (RFC 9110 section 10.1.1 allows it; nginx does the same).
  server.on('checkExpectation', onRequest)
  const { onUpgrade } = options
  if (onUpgrade !== undefined) {
    server.on('upgrade', (request: IncomingMessage, socket: Socket, bytes: Buffer) => {
      keepAnswering(socket)
      const refused = refusal(request)
      inTurn(socket, () => {
        if (refused === null) onUpgrade(request, socket, bytes)
        else answerRaw(socket, refused)
      })
    })
  }
  server.on('connect', (_request, socket: Socket) => {
    keepAnswering(socket)
    inTurn(socket, () => answerRaw(socket, 405))
  })
  server.on('clientError', onClientError)

  return {
    server,
    take(socket) {
      server.emit('connection', socket)
    },
    drain() {
      if (idleCloser !== null) return
      closeIdleFromMs = performance.now() + LAST_REQUEST_MS
      idleCloser = setInterval(() => {
        if (performance.now() >= closeIdleFromMs) server.closeIdleConnections()
      }, CLOSE_IDLE_EVERY_MS)
    },
    close() {
      if (idleCloser !== null) clearInterval(idleCloser)
      stalled.close()
      server.close()
    }
  }
}

// Node's parser takes versions that nobody speaks, and one that is not spoken like this (RFC 9112 sections 2.3 and 3.2).
function refusal({ httpVersion, headers }: IncomingMessage): 400 | 505 | null {
  if (httpVersion !== '1.1') return httpVersion === '1.0' ? null : 505
  return headers.host === undefined ? 400 : null
}

// Node hands the connection over at once, while an earlier request may still wait for its answer, and leaves it without
// anybody who hears of errors and of room for more.
function keepAnswering(socket: Socket): void {
  const before = lastResponse(socket)
  if (before === undefined || before.closed) return
  socket.on('error', () => socket.destroy())
  socket.on('drain', () => before.emit('drain'))
}

// Node ends the connection of a client that will say no more, and with it an answer that only waits for the turn's end: a TLS
// client's last request and its farewell are often read at once.
function onFarewell(this: Socket): void {
  if (lastResponse(this)?.closed === false) endTurn()
  endRequest.call(this)
}

// Node would do the same with an error, of which it writes out the stack and tells the connection, though nobody wants to know:
// where thousands leave at once, that was a quarter of what each costs. Nor does the request have to wait for the end of its
// connection when that has been ended before.
function endRequest(this: Socket): void {
  const response = lastResponse(this)
  if (response === undefined || response.writableFinished) return
  const { req } = response
  if (!req.complete || req.listenerCount('error') > 0) return
  if (!req.readableEnded) this.destroy()
  req.destroy()
}

/** Starts the time-outs of a server that does not listen by itself: Node starts them when it begins to listen. */
export function startTimeouts(server: Server): void {
  server.emit('listening')
}
