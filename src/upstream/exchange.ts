/** What passes between those who forward a request and the connection that carries it. */
import type { Socket } from 'node:net'
import type { UpstreamConnection } from './connection.ts'
import type { UpstreamError } from './failure.ts'
import type { ResponseHead } from './response-head.ts'
import type { ResponseEvents } from './response-reader.ts'

/** Milliseconds; see the options of the proxy plugin. */
export interface UpstreamTimeouts {
  connectTimeoutMs: number
  responseTimeoutMs: number
  idleTimeoutMs: number
}

/** One request as it goes over the wire. */
export interface UpstreamRequest {
  method: string
  /** Request line and fields in latin1, with the empty line at the end. */
  head: string
  hasBody: boolean
  /** The client asked to change protocols, so that a 101 is an answer. */
  upgrade: boolean
  /** May be sent a second time when a reused connection turns out to be dead (RFC 9110 section 9.2.2). */
  repeatable: boolean
}

/** What happens to a request, in this order; after `onEnd`, `onUpgrade` or `onError` nothing more is called. */
export interface ExchangeHandler extends ResponseEvents {
  /** The connection that carries the request; called again when the request is repeated on another one. */
  onConnection(connection: UpstreamConnection): void
  /** All that arrived so far has been handed on: what was held back should be sent now. */
  onBatchEnd(): void
  onEnd(trailers: string[]): void
  onUpgrade(head: ResponseHead, socket: Socket, bytes: Buffer): void
  onError(error: UpstreamError): void
  /** The upstream can take more of the request body. */
  onDrain(): void
}
