/**
 * Keeps a restart of the app from losing requests.
 *
 * The system takes connections for an app, and what is sent over them, before the app has looked at either. When the app
 * goes they are reset, which looks like an app that has read a request and died. So a body is not sent before the app has
 * asked for it (RFC 9110 section 10.1.1): without the body, nothing can have come of the request.
 */
import type { Socket } from 'node:net'
import type { OnFree } from './client-response.ts'
import type { ExchangeHandler, RequestChannel, UpstreamRequest } from './exchange.ts'
import type { UpstreamError } from './failure.ts'
import type { ResponseHead } from './response-head.ts'

/** How often a request is taken back: one that ends the app each time would end it as often. */
const RESEND_LIMIT = 2
/** An app that does not ask for bodies gets them all the same after so long. */
const ASKED_WITHIN_MS = 250
/** Such an app is waited for again after so long: it may be another one by then. */
const SILENT_FOR_MS = 60_000

type Dispatch = (request: UpstreamRequest, handler: ExchangeHandler) => void

/** How the app has treated requests that ask first. */
interface Manners {
  silentUntilMs: number
}

/** A dispatch whose requests are sent again when they are reset before anything can have come of them. */
export function resending(dispatch: Dispatch): Dispatch {
  const manners: Manners = { silentUntilMs: 0 }
  return (request, handler) => {
    const asksFirst = request.hasBody && performance.now() >= manners.silentUntilMs
    if (asksFirst || request.repeatable)
      new RevocableExchange({ request, handler, dispatch, manners, asksFirst }).send()
    else dispatch(request, handler)
  }
}

interface ExchangeOptions {
  request: UpstreamRequest
  handler: ExchangeHandler
  dispatch: Dispatch
  manners: Manners
  asksFirst: boolean
}

/** Stands between a connection and whoever waits for the answer, and takes the request back where that is safe. */
class RevocableExchange implements ExchangeHandler {
  readonly #options: ExchangeOptions
  readonly #handler: ExchangeHandler
  #asksFirst: boolean
  #connection: RequestChannel | null = null
  #resends = 0
  #bodyWanted = false
  #timer: NodeJS.Timeout | null = null
  #timedOut = false

  constructor(options: ExchangeOptions) {
    this.#options = options
    this.#handler = options.handler
    this.#asksFirst = options.asksFirst
  }

  get isGone(): boolean {
    return this.#handler.isGone
  }

  send(): void {
    const { request, dispatch } = this.#options
    const asking = this.#asksFirst ? { head: askingFirst(request.head), asksFirst: true } : {}
    dispatch({ ...request, ...asking, isResent: this.#resends > 0 }, this)
  }

  onConnection(connection: RequestChannel, bodyWanted: boolean): void {
    this.#connection = connection
    this.#bodyWanted = bodyWanted
    if (!bodyWanted) this.#timer = setTimeout(this.#onSilence, ASKED_WITHIN_MS)
    this.#handler.onConnection(connection, bodyWanted)
  }

  onBodyWanted(): void {
    this.#stopTimer()
    if (this.#bodyWanted) return
    this.#bodyWanted = true
    this.#handler.onBodyWanted()
  }

  onTakenBack(): void {
    this.#handler.onTakenBack()
  }

  onInterim(head: ResponseHead): void {
    if (head.status !== 100) {
      this.#handler.onInterim(head)
      return
    }
    this.#timedOut = false
    this.onBodyWanted()
  }

  onHead(head: ResponseHead): void {
    this.#stopTimer()
    if (head.status === 417 && !this.#bodyWanted) {
      this.#doNotAsk()
      this.#asksFirst = false
      this.#connection?.abort()
      this.#resend()
      return
    }
    // A refusal needs no body. What succeeds with one that was not asked for says that nobody asks here.
    if (this.#timedOut && head.status < 400) this.#doNotAsk()
    this.#handler.onHead(head)
  }

  onData(bytes: Buffer): void {
    this.#handler.onData(bytes)
  }

  onBatchEnd(): void {
    this.#handler.onBatchEnd()
  }

  holdsBytes(onFree: OnFree): boolean {
    return this.#handler.holdsBytes(onFree)
  }

  onEnd(trailers: string[]): void {
    this.#handler.onEnd(trailers)
  }

  onUpgrade(head: ResponseHead, socket: Socket, bytes: Buffer): void {
    this.#handler.onUpgrade(head, socket, bytes)
  }

  onError(error: UpstreamError): void {
    this.#stopTimer()
    const isRevocable = this.#options.request.repeatable || !this.#bodyWanted
    if (error.reason === 'reset' && isRevocable && this.#resends < RESEND_LIMIT && !this.isGone)
      this.#resend()
    else this.#handler.onError(error)
  }

  onDrain(): void {
    this.#handler.onDrain()
  }

  #resend(): void {
    this.#resends++
    this.#connection = null
    this.#handler.onTakenBack()
    if (!this.isGone) this.send()
  }

  #doNotAsk(): void {
    this.#options.manners.silentUntilMs = performance.now() + SILENT_FOR_MS
  }

  readonly #onSilence = (): void => {
    this.#timer = null
    if (this.isGone) return
    this.#timedOut = true
    this.onBodyWanted()
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}

function askingFirst(head: string): string {
  return `${head.slice(0, -2)}Expect: 100-continue\r\n\r\n`
}
