/**
 * Carries one request from a client to the upstream and the response back, with back-pressure both ways.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { UpstreamConnection } from './connection.ts'
import type { ExchangeHandler } from './exchange.ts'
import type { UpstreamError } from './failure.ts'
import { RequestBody } from './request-body.ts'
import type { RequestHead } from './request-head.ts'
import type { ResponseHead } from './response-head.ts'
import { joinTunnel, type UpgradedClient } from './tunnel.ts'

/** A first piece of body up to this size leaves together with its head, in one system call. */
const JOINED_BODY_LIMIT_BYTES = 32_768

export interface RelayOptions {
  request: IncomingMessage
  response: ServerResponse
  requestHead: RequestHead
  /** The client's connection when it asked to change protocols. */
  upgraded: UpgradedClient | null
  /** Fields to add to the response, as name, value, ... */
  extraHeaders: string[]
  /** The response with this status is not relayed; the caller answers instead. */
  isIntercepted(status: number): boolean
  onIntercepted(status: number): void
  /** No response can be relayed and nothing has been sent to the client. */
  onFailure(error: UpstreamError): void
  /** The response ended early, after its head had gone out; the client's connection has been cut. */
  onCut(error: UpstreamError): void
  /** All is over, whatever way; called once. */
  onSettled(): void
  /** The protocol has changed: `end` cuts both sides of the tunnel. */
  onTunnel(end: () => void): void
}

type Phase = 'waiting' | 'head' | 'streaming' | 'discarding' | 'done'

export class Relay implements ExchangeHandler {
  readonly #options: RelayOptions
  readonly #response: ServerResponse
  #connection: UpstreamConnection | null = null
  #phase: Phase = 'waiting'
  #head: ResponseHead | null = null
  /** The first piece of the body, held until it is known whether it is all there is. */
  #first: Buffer | null = null
  readonly #body: RequestBody | null

  constructor(options: RelayOptions) {
    this.#options = options
    this.#response = options.response
    const { hasBody, chunked } = options.requestHead
    this.#body = hasBody ? new RequestBody(options.request, chunked) : null
    this.#response.on('close', this.#onClientClosed)
  }

  onConnection(connection: UpstreamConnection): void {
    this.#connection = connection
    this.#body?.start(connection, this.#response)
  }

  onDrain(): void {
    this.#body?.resume()
  }

  onInterim(head: ResponseHead): void {
    const { request, upgraded } = this.#options
    if (head.status !== 103 || upgraded !== null || request.httpVersion !== '1.1') return
    try {
      this.#response.writeEarlyHints(toHints(head.rawHeaders))
    } catch {
      // Node takes well-formed Link fields only. Hints are optional by nature (RFC 8297), so nothing is lost.
    }
  }

  onHead(head: ResponseHead): void {
    if (this.#options.isIntercepted(head.status)) {
      this.#phase = 'discarding'
      this.#options.onIntercepted(head.status)
      return
    }
    this.#head = head
    this.#phase = 'head'
  }

  onData(bytes: Buffer): void {
    if (this.#phase === 'discarding') return
    if (this.#phase === 'head' && this.#first === null) {
      this.#first = bytes
      return
    }
    this.#startStreaming()
    this.#write(bytes)
  }

  onBatchEnd(): void {
    if (this.#phase === 'head') this.#startStreaming()
  }

  onEnd(trailers: string[]): void {
    this.#connection = null
    this.#body?.drop()
    if (this.#phase === 'discarding') return
    const response = this.#response
    if (this.#phase === 'head') {
      this.#writeHead()
      const first = this.#first
      this.#phase = 'done'
      if (first === null) response.end()
      // One latin1 string goes out together with the head; a Buffer would be a second write.
      else if (first.length <= JOINED_BODY_LIMIT_BYTES) response.end(first.toString('latin1'), 'latin1')
      else response.end(first)
      return
    }
    this.#phase = 'done'
    if (trailers.length > 0 && this.#options.requestHead.acceptsTrailers)
      response.addTrailers(toPairs(trailers))
    response.end()
  }

  onUpgrade(head: ResponseHead, socket: Socket, bytes: Buffer): void {
    const { upgraded } = this.#options
    this.#connection = null
    this.#phase = 'done'
    if (upgraded === null || upgraded.socket.destroyed) {
      socket.destroy()
      return
    }
    this.#response.off('close', this.#onClientClosed)
    this.#response.detachSocket(upgraded.socket)
    const { extraHeaders, onSettled, onTunnel } = this.#options
    onTunnel(joinTunnel({ upgraded, head, extraHeaders, upstream: socket, bytes, onClosed: onSettled }))
  }

  onError(error: UpstreamError): void {
    this.#connection = null
    this.#body?.drop()
    switch (this.#phase) {
      case 'waiting':
        this.#options.onFailure(error)
        break
      case 'head':
      case 'streaming':
        this.#phase = 'done'
        this.#cut()
        this.#options.onCut(error)
        break
      case 'discarding':
      case 'done':
        break
    }
  }

  // The client must see that the response is not whole: no last chunk, fewer bytes than announced, or a reset where the
  // end of the connection would otherwise look like the end of the body.
  #cut(): void {
    const { socket } = this.#response
    if (socket === null) return
    const endsByClosing = !this.#response.chunkedEncoding && this.#head?.framing !== 'length'
    if (endsByClosing || socket.writableLength > 0) socket.resetAndDestroy()
    else socket.destroy()
  }

  #startStreaming(): void {
    if (this.#phase !== 'head') return
    this.#phase = 'streaming'
    this.#writeHead()
    const first = this.#first
    this.#first = null
    // An empty write sends the head at once, and in latin1: `flushHeaders()` would mangle bytes above 0x7f.
    if (first === null) this.#response.write('', 'latin1')
    else this.#write(first)
  }

  #writeHead(): void {
    const head = this.#head!
    const { extraHeaders, requestHead } = this.#options
    const fields = head.rawHeaders
    if (head.trailer !== null && requestHead.acceptsTrailers) fields.push('Trailer', head.trailer)
    // A 426 says which protocol would do (RFC 9110 section 15.5.22).
    if (head.status === 426 && head.upgrade !== null) fields.push('Upgrade', head.upgrade)
    if (extraHeaders.length > 0) fields.push(...extraHeaders)
    this.#response.writeHead(head.status, head.reasonPhrase, fields)
  }

  #write(bytes: Buffer): void {
    if (this.#response.write(bytes)) return
    this.#connection?.pause()
    this.#response.once('drain', this.#onClientDrained)
  }

  readonly #onClientDrained = (): void => {
    this.#connection?.resume()
  }

  readonly #onClientClosed = (): void => {
    const connection = this.#connection
    this.#connection = null
    if (connection !== null) {
      // Whoever waits for nobody's answer only costs the app.
      connection.abort()
      if (this.#phase !== 'discarding') this.#body?.drop()
    }
    this.#phase = 'done'
    this.#options.onSettled()
  }
}

function toHints(rawHeaders: string[]): Record<string, string | string[]> {
  const hints: Record<string, string | string[]> = {}
  const links: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    if (name === 'link') links.push(rawHeaders[i + 1]!)
    else hints[name] = rawHeaders[i + 1]!
  }
  return { ...hints, link: links }
}

function toPairs(flat: string[]): [string, string][] {
  const pairs: [string, string][] = []
  for (let i = 0; i < flat.length; i += 2) pairs.push([flat[i]!, flat[i + 1]!])
  return pairs
}
