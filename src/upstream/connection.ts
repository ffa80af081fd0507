import { connect, type NetConnectOpts, type Socket } from 'node:net'
import type { ExchangeHandler, UpstreamRequest, UpstreamTimeouts } from './exchange.ts'
import { type FailureCause, UpstreamError } from './failure.ts'
import { ResponseReader } from './response-reader.ts'

/** The pool, as its connections see it. */
export interface ConnectionOwner {
  readonly timeouts: UpstreamTimeouts
  onIdle(connection: UpstreamConnection): void
  onClosed(connection: UpstreamConnection): void
  repeat(request: UpstreamRequest, handler: ExchangeHandler): void
}

/** One HTTP/1.1 connection to the upstream that carries one request at a time. */
export class UpstreamConnection {
  /** When `onDeadline` is due, in `performance.now()` milliseconds. */
  deadlineMs: number
  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  #deadlineCause: FailureCause = 'connect-timeout'
  #connected = false
  #closed = false
  #reused = false
  #request: UpstreamRequest | null = null
  #handler: ExchangeHandler | null = null
  #requestSent = true
  #sawBytes = false
  #paused = false
  readonly #reader = new ResponseReader()

  constructor(target: NetConnectOpts, owner: ConnectionOwner) {
    this.#owner = owner
    this.deadlineMs = performance.now() + owner.timeouts.connectTimeoutMs
    // Half-open, so that a tunnel can end one direction and keep the other.
    const socket = connect({ ...target, noDelay: true, allowHalfOpen: true })
    this.#socket = socket
    socket.on('connect', this.#onConnect)
    socket.on('data', this.#onData)
    socket.on('end', this.#onEnd)
    socket.on('error', this.#onError)
    socket.on('close', this.#onClose)
    socket.on('drain', this.#onDrain)
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Sends the head of a request; the body follows by `write` and `finish` when the request has one. */
  send(request: UpstreamRequest, handler: ExchangeHandler): void {
    this.#request = request
    this.#handler = handler
    this.#requestSent = !request.hasBody
    this.#sawBytes = false
    this.#reader.start(request.method, request.upgrade, handler)
    handler.onConnection(this)
    if (request.hasBody) {
      // The head waits for the first bytes of the body, which have mostly arrived already: one packet instead of two.
      this.#socket.cork()
      process.nextTick(uncork, this.#socket)
    }
    this.#socket.write(request.head, 'latin1')
    if (this.#connected) this.#expect()
  }

  /** Sends a part of the request body. False means: wait for `onDrain`. */
  write(bytes: Buffer | string): boolean {
    if (this.#closed) return true
    const more = this.#socket.write(bytes as Buffer)
    if (this.#connected && this.#reader.head === null) this.#expect()
    return more
  }

  /** The request body is complete. */
  finish(lastBytes?: string): void {
    if (this.#closed) return
    if (lastBytes !== undefined) this.#socket.write(lastBytes, 'latin1')
    this.#requestSent = true
    if (this.#connected && this.#reader.head === null) this.#expect()
  }

  /** Stops reading, so that the upstream waits for a slow client. */
  pause(): void {
    this.#paused = true
    this.#socket.pause()
    this.deadlineMs = Number.POSITIVE_INFINITY
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#setDeadline(this.#owner.timeouts.idleTimeoutMs, 'idle-timeout')
    this.#socket.resume()
  }

  /** Gives the request up; the handler hears nothing more. */
  abort(): void {
    this.#handler = null
    this.#close()
  }

  /** Called by the owner once `deadlineMs` has passed. */
  onDeadline(): void {
    this.#fail(new UpstreamError(this.#deadlineCause, `no progress in time while ${this.#phase()}`))
  }

  #phase(): string {
    if (!this.#connected) return 'connecting'
    return this.#reader.head === null ? 'waiting for the response' : 'reading the response'
  }

  // Which time-out runs while no response has begun: nginx's proxy_send_timeout while the upstream does not take the
  // body, none while the client is slow to send it, proxy_read_timeout once it is all sent.
  #expect(): void {
    if (this.#requestSent) this.#setDeadline(this.#owner.timeouts.responseTimeoutMs, 'response-timeout')
    else if (this.#socket.writableNeedDrain)
      this.#setDeadline(this.#owner.timeouts.idleTimeoutMs, 'idle-timeout')
    else this.deadlineMs = Number.POSITIVE_INFINITY
  }

  #setDeadline(afterMs: number, cause: FailureCause): void {
    this.deadlineMs = performance.now() + afterMs
    this.#deadlineCause = cause
  }

  readonly #onConnect = (): void => {
    this.#connected = true
    if (this.#request !== null) this.#expect()
  }

  readonly #onDrain = (): void => {
    if (this.#request === null) return
    if (this.#reader.head === null && this.#connected) this.#expect()
    this.#handler?.onDrain()
  }

  readonly #onData = (bytes: Buffer): void => {
    const handler = this.#handler
    if (handler === null) {
      // Bytes nobody asked for: the next response could not be told from them.
      this.#close()
      return
    }
    this.#sawBytes = true
    try {
      this.#reader.read(bytes)
    } catch (error) {
      const known = error instanceof UpstreamError
      this.#fail(known ? error : new UpstreamError('invalid-response', String(error), { cause: error }))
      return
    }
    if (this.#handler === null) return
    if (this.#reader.done) {
      this.#complete()
      return
    }
    const begun = this.#reader.head !== null
    if (begun && !this.#paused) this.#setDeadline(this.#owner.timeouts.idleTimeoutMs, 'idle-timeout')
    handler.onBatchEnd()
  }

  // The response is whole. The connection lives on only when both sides know where the next message begins.
  #complete(): void {
    const handler = this.#handler!
    const { head, trailers, rest } = this.#reader
    this.#handler = null
    this.#request = null
    this.#reader.stop()
    if (head!.status === 101) {
      this.#detach()
      handler.onUpgrade(head!, this.#socket, rest!)
      return
    }
    if (this.#paused) {
      this.#paused = false
      this.#socket.resume()
    }
    if (head!.keepAlive && this.#requestSent && rest === null && !this.#socket.writableNeedDrain) {
      this.#reused = true
      this.#owner.onIdle(this)
    } else {
      this.#close()
    }
    handler.onEnd(trailers)
  }

  readonly #onEnd = (): void => {
    if (this.#handler === null) {
      this.#close()
    } else if (this.#reader.endOfConnection()) {
      this.#complete()
    } else {
      this.#fail(this.#ended(`the upstream closed the connection while ${this.#phase()}`))
    }
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    if (this.#connected) this.#fail(this.#ended(error.message, error))
    else this.#fail(new UpstreamError('refused', error.message, { cause: error }))
  }

  readonly #onClose = (): void => {
    if (!this.#closed) this.#fail(this.#ended('the connection was closed'))
  }

  #ended(message: string, cause?: unknown): UpstreamError {
    return new UpstreamError(this.#reader.head === null ? 'reset' : 'cut', message, { cause })
  }

  #fail(error: UpstreamError): void {
    const handler = this.#handler
    const request = this.#request
    this.#handler = null
    this.#close()
    if (handler === null || request === null) return
    const nothingProcessed = error.reason === 'reset' && this.#reused && !this.#sawBytes
    if (nothingProcessed && request.repeatable) this.#owner.repeat(request, handler)
    else handler.onError(error)
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#request = null
    this.#socket.destroy()
    this.#owner.onClosed(this)
  }

  // The socket belongs to somebody else from now on.
  #detach(): void {
    this.#closed = true
    const socket = this.#socket
    socket.off('connect', this.#onConnect)
    socket.off('data', this.#onData)
    socket.off('end', this.#onEnd)
    socket.off('error', this.#onError)
    socket.off('close', this.#onClose)
    socket.off('drain', this.#onDrain)
    socket.pause()
    this.#owner.onClosed(this)
  }
}

function uncork(socket: Socket): void {
  socket.uncork()
}
