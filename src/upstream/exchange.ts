/** What passes between those who forward a request and the connection that carries it. */
import type { Socket } from 'node:net'
import type { OnFree } from './client-response.ts'
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
  /** The body is held back until the app asks for it, so that the request can be taken back before. */
  asksFirst: boolean
  /** Has been taken back before: kept connections may all be as dead as the last one. */
  isResent: boolean
}

/** The way to the upstream, for whoever sends a request over it. */
export interface RequestChannel {
  /** Sends a part of the request body, as bytes or in latin1. False means: wait for `onDrain`. */
  write(bytes: Buffer | string): boolean
  /** The request body is complete, with these bytes at its end. */
  finish(lastBytes?: string): void
  /** Stops reading, so that the upstream waits for a slow client. */
  pause(): void
  resume(): void
  /** Gives the request up; its handler hears nothing more. */
  abort(): void
  /** The same, but keeps the socket for whoever wants to see the answer. @returns null unless it is all there is to come */
  release(): Socket | null
}

/** What happens to a request, in this order; after `onEnd`, `onUpgrade` or `onError` nothing more is called. */
export interface ExchangeHandler extends ResponseEvents {
  /** Nobody waits for the answer any more: a request that has not gone out yet need not. */
  readonly isGone: boolean
  /**
   * The request is about to go out over this connection. The body is not read before, so that a request which finds
   * nobody may wait or go elsewhere. Called again when it goes out over another one.
   *
   * @param bodyWanted false: the body may follow after `onBodyWanted` only
   */
  onConnection(connection: RequestChannel, bodyWanted: boolean): void
  onBodyWanted(): void
  /**
   * The connection is lost before anything can have come of the request, which will go out over another one, unless it
   * is gone after this.
   */
  onTakenBack(): void
  /** All that arrived so far has been handed on: what was held back must be sent now. */
  onBatchEnd(): void
  /** As {@link ClientResponse.holdsBytes}, of what was handed on in pieces that are not copied. */
  holdsBytes(onFree: OnFree): boolean
  onEnd(trailers: string[]): void
  onUpgrade(head: ResponseHead, socket: Socket, bytes: Buffer): void
  onError(error: UpstreamError): void
  /** The upstream can take more of the request body. */
  onDrain(): void
}

/** The pool, as its connections see it. */
export interface ConnectionOwner<C> {
  readonly timeouts: UpstreamTimeouts
  /** The upstream can be reached. */
  onConnected(): void
  /** The upstream cannot be reached; nothing of the request, if the connection was for one, has been sent. */
  onUnreachable(error: UpstreamError, request: UpstreamRequest | null, handler: ExchangeHandler | null): void
  /**
   * The connection can take the next request.
   *
   * @param announcedMs how long the upstream says that it keeps it; Infinity when it does not say
   */
  onIdle(connection: C, announcedMs: number): void
  /** The upstream has ended the connection, which had been kept, without saying so before. */
  onBroken(): void
  onClosed(connection: C): void
  repeat(request: UpstreamRequest, handler: ExchangeHandler): void
}
