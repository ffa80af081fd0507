/**
 * Carries one request from a client to the upstream and the response back, with back-pressure both ways.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Observation, observationOf } from '../observation.ts'
import { clientHead } from './client-head.ts'
import type { ClientHead, ClientResponse, OnFree } from './client-response.ts'
import { createClientResponse } from './create-client-response.ts'
import type { ExchangeHandler, RequestChannel } from './exchange.ts'
import { isOurDoing, UpstreamError } from './failure.ts'
import type { RelayOptions } from './relay-options.ts'
import { RequestBody } from './request-body.ts'
import type { ResponseHead } from './response-head.ts'
import { joinTunnel, type OpenTunnel } from './tunnel.ts'

const NO_TRAILERS: string[] = []

type Phase = 'waiting' | 'head' | 'streaming' | 'discarding' | 'done'

export class Relay implements ExchangeHandler {
  readonly #options: RelayOptions
  readonly #response: ServerResponse
  readonly #client: ClientResponse
  #connection: RequestChannel | null = null
  #phase: Phase = 'waiting'
  #head: ResponseHead | null = null
  /** The first piece of the body, held until it is known whether it is all there is. */
  #first: Buffer | null = null
  readonly #body: RequestBody | null
  readonly #observation: Observation | undefined
  /** Once the protocol has changed. */
  tunnel: OpenTunnel | null = null

  constructor(options: RelayOptions) {
    this.#options = options
    const { request, response, bodyWatch } = options
    this.#response = response
    this.#client = createClientResponse(request, response)
    const { hasBody, chunked } = options.requestHead
    this.#body = hasBody
      ? new RequestBody({ request, chunked, watch: bodyWatch, onIdle: this.#onClientIdle })
      : null
    this.#response.on('close', this.#onClientClosed)
    this.#observation = observationOf(response)
    if (this.#observation !== undefined) this.#observation.handedOverMs = performance.now()
  }

  get isGone(): boolean {
    return this.#phase === 'done'
  }

  holdsBytes(onFree: OnFree): boolean {
    return this.#client.holdsBytes(onFree)
  }

  get request(): IncomingMessage {
    return this.#options.request
  }

  /** Ends it without a word to the client, if nothing of it is with the upstream. @returns whether that was so */
  withdraw(): boolean {
    if (this.#phase !== 'waiting' || this.#connection !== null) return false
    this.#phase = 'done'
    this.#response.off('close', this.#onClientClosed)
    if (this.#observation !== undefined) this.#observation.handedOverMs = 0
    this.#options.onSettled()
    this.#options.onRevoked(true)
    return true
  }

  get isUpgraded(): boolean {
    return this.tunnel !== null
  }

  close(): void {
    this.tunnel?.close()
  }

  /** Ends it from our side: the app is told, and a client that has got nothing yet will be. */
  abort(): void {
    this.tunnel?.abort()
    const phase = this.#phase
    this.#giveUp()
    if (phase === 'done' || phase === 'discarding') return
    this.#phase = 'done'
    this.#body?.drop()
    if (phase === 'waiting') this.#options.onRevoked(false)
    else this.#client.cut()
  }

  onConnection(connection: RequestChannel, bodyWanted: boolean): void {
    this.#connection = connection
    if (bodyWanted) this.onBodyWanted()
  }

  onBodyWanted(): void {
    if (this.#connection !== null) this.#body?.start(this.#connection, this.#response)
  }

  onTakenBack(): void {
    this.#connection = null
    if (!this.#options.isLetIn(this.request)) this.withdraw()
  }

  onDrain(): void {
    this.#body?.resume()
  }

  onInterim(head: ResponseHead): void {
    if (head.status === 103 && this.#options.upgraded === null) this.#client.sendHints(head.rawHeaders)
  }

  onHead(head: ResponseHead): void {
    this.#body?.stopWatching()
    if (this.#options.isIntercepted(head.status)) {
      this.#phase = 'discarding'
      this.#options.onIntercepted(head.status)
    } else if (!this.#client.canSay(head.status)) {
      this.#giveUp()
      this.#phase = 'discarding'
      this.#body?.drop()
      this.#options.onFailure(
        new UpstreamError('invalid-response', `the client's protocol has no status ${head.status}`)
      )
    } else {
      this.#head = head
      this.#phase = 'head'
      this.#noteAnswer()
    }
  }

  onData(bytes: Buffer): void {
    if (this.#phase === 'discarding') return
    if (this.#phase === 'head' && this.#first === null) {
      this.#first = bytes
      return
    }
    if (this.#phase === 'head') this.#startStreaming()
    this.#client.write(bytes)
  }

  onBatchEnd(): void {
    if (this.#phase === 'head') this.#startStreaming()
    if (this.#phase === 'streaming' && !this.#client.flush(this.#onClientDrained)) this.#connection?.pause()
  }

  onEnd(trailers: string[]): void {
    this.#connection = null
    this.#body?.drop()
    if (this.#phase === 'discarding') return
    const sent = this.#options.requestHead.acceptsTrailers ? trailers : NO_TRAILERS
    if (this.#phase === 'head' && sent.length === 0) {
      this.#phase = 'done'
      this.#client.sendWhole(this.#clientHead(), this.#first)
      return
    }
    if (this.#phase === 'head') this.#startStreaming()
    this.#phase = 'done'
    this.#client.end(sent)
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
    this.#noteAnswer()
    if (this.#observation !== undefined) this.#observation.status = head.status
    const { extraHeaders, onSettled, onTunnel } = this.#options
    const onClosed = (): void => {
      // It has lost its connection, so Node does not say so.
      this.#response.emit('close')
      onSettled()
    }
    this.tunnel = joinTunnel({ upgraded, head, extraHeaders, upstream: socket, bytes, onClosed })
    onTunnel()
  }

  onError(error: UpstreamError): void {
    if (isOurDoing(error.reason)) this.#giveUp()
    this.#connection = null
    this.#body?.drop()
    if (this.#phase === 'streaming') {
      this.#phase = 'done'
      this.#client.cut()
      this.#options.onCut(error)
    } else if (this.#phase === 'waiting' || this.#phase === 'head') {
      // Nothing has gone out yet.
      this.#phase = 'discarding'
      this.#options.onFailure(error)
    }
  }

  #noteAnswer(): void {
    if (this.#observation === undefined) return
    this.#observation.answeredBy = 'app'
    this.#observation.headMs = performance.now()
  }

  #startStreaming(): void {
    this.#phase = 'streaming'
    this.#client.sendHead(this.#clientHead())
    const first = this.#first
    this.#first = null
    if (first !== null) this.#client.write(first)
  }

  #clientHead(): ClientHead {
    return clientHead(this.#head!, this.#options.requestHead, this.#options.extraHeaders)
  }

  readonly #onClientDrained = (): void => {
    this.#connection?.resume()
  }

  readonly #onClientIdle = (): void => {
    this.#giveUp()
    this.#phase = 'discarding'
    this.#body?.drop()
    this.#options.onClientIdle()
  }

  readonly #onClientClosed = (): void => {
    // Whoever waits for nobody's answer only costs the app.
    if (this.#giveUp() && this.#phase !== 'discarding') this.#body?.drop()
    this.#phase = 'done'
    this.#options.onSettled()
  }

  /** @returns whether the app had it */
  #giveUp(): boolean {
    const connection = this.#connection
    if (connection === null) return false
    this.#connection = null
    this.#options.onAbandoned(this, connection)
    return true
  }
}
