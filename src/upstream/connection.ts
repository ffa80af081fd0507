import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { type ChunkedDecoder, createChunkedDecoder } from './chunked-decoder.ts'
import { type FailureCause, UpstreamError } from './failure.ts'
import { parseResponseHead, type ResponseHead } from './response-head.ts'

/** Longest response head that is read (nginx: `proxy_buffer_size`, there 4 or 8 KiB). */
const HEAD_LIMIT_BYTES = 65_536
/** Interim responses in front of one final response; more is an attack. */
const INTERIM_LIMIT = 64
const HEAD_END = Buffer.from('\r\n\r\n')
const NO_TRAILERS: string[] = []

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
export interface ExchangeHandler {
  /** The connection that carries the request; called again when the request is repeated on another one. */
  onConnection(connection: UpstreamConnection): void
  onInterim(head: ResponseHead): void
  onHead(head: ResponseHead): void
  onData(bytes: Buffer): void
  /** All that arrived so far has been handed on: what was held back should be sent now. */
  onBatchEnd(): void
  onEnd(trailers: string[]): void
  onUpgrade(head: ResponseHead, socket: Socket, bytes: Buffer): void
  onError(error: UpstreamError): void
  /** The upstream can take more of the request body. */
  onDrain(): void
}

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
  #pending: Buffer | null = null
  #interims = 0
  #head: ResponseHead | null = null
  #left = 0
  #chunked: ChunkedDecoder | null = null
  #paused = false
  readonly #sink = (bytes: Buffer): void => this.#handler?.onData(bytes)

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
    this.#interims = 0
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
    if (this.#connected && this.#head === null) this.#expect()
    return more
  }

  /** The request body is complete. */
  finish(lastBytes?: string): void {
    if (this.#closed) return
    if (lastBytes !== undefined) this.#socket.write(lastBytes, 'latin1')
    this.#requestSent = true
    if (this.#connected && this.#head === null) this.#expect()
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
    return this.#head === null ? 'waiting for the response' : 'reading the response'
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
    if (this.#head === null && this.#connected) this.#expect()
    this.#handler?.onDrain()
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#handler === null) {
      // Bytes nobody asked for: the next response could not be told from them.
      this.#close()
      return
    }
    this.#sawBytes = true
    try {
      if (this.#head === null) this.#readHead(bytes)
      else this.#readBody(bytes)
    } catch (error) {
      this.#fail(
        error instanceof UpstreamError
          ? error
          : new UpstreamError('invalid-response', String(error), { cause: error })
      )
      return
    }
    this.#handler?.onBatchEnd()
  }

  #readHead(bytes: Buffer): void {
    let rest = this.#pending === null ? bytes : Buffer.concat([this.#pending, bytes])
    this.#pending = null
    while (this.#handler !== null) {
      const end = rest.indexOf(HEAD_END)
      if (end > HEAD_LIMIT_BYTES || (end === -1 && rest.length > HEAD_LIMIT_BYTES)) {
        throw new UpstreamError('invalid-response', `a head of more than ${HEAD_LIMIT_BYTES} bytes`)
      }
      if (end === -1) {
        if (!couldBeHttp(rest)) throw new UpstreamError('invalid-response', 'not HTTP')
        this.#pending = rest
        return
      }
      const head = parseResponseHead(rest.toString('latin1', 0, end), this.#request!.method)
      rest = rest.subarray(end + 4)
      if (head.status >= 200 || head.status === 101) {
        this.#takeHead(head, rest)
        return
      }
      if (++this.#interims > INTERIM_LIMIT)
        throw new UpstreamError('invalid-response', 'too many interim responses')
      this.#handler.onInterim(head)
    }
  }

  #takeHead(head: ResponseHead, rest: Buffer): void {
    const handler = this.#handler!
    if (head.status === 101) {
      if (!this.#request!.upgrade) throw new UpstreamError('invalid-response', 'a 101 that nobody asked for')
      this.#handler = null
      this.#detach()
      handler.onUpgrade(head, this.#socket, rest)
      return
    }
    this.#head = head
    this.#setDeadline(this.#owner.timeouts.idleTimeoutMs, 'idle-timeout')
    if (head.framing === 'length') this.#left = head.contentLength
    else if (head.framing === 'chunked') this.#chunked = createChunkedDecoder()
    handler.onHead(head)
    if (head.framing === 'none') this.#complete(NO_TRAILERS, rest.length > 0)
    else if (rest.length > 0) this.#readBody(rest)
  }

  #readBody(bytes: Buffer): void {
    if (!this.#paused) this.#setDeadline(this.#owner.timeouts.idleTimeoutMs, 'idle-timeout')
    const head = this.#head!
    if (head.framing === 'length') {
      const extra = bytes.length - this.#left
      this.#left -= bytes.length
      this.#sink(extra > 0 ? bytes.subarray(0, bytes.length - extra) : bytes)
      if (extra >= 0) this.#complete(NO_TRAILERS, extra > 0)
    } else if (head.framing === 'chunked') {
      const decoder = this.#chunked!
      const used = decoder.read(bytes, this.#sink)
      if (decoder.done) this.#complete(decoder.trailers, used < bytes.length)
    } else {
      this.#sink(bytes)
    }
  }

  // The response is whole. The connection lives on only when both sides know where the next message begins.
  #complete(trailers: string[], extraBytes: boolean): void {
    const handler = this.#handler
    if (handler === null) return
    const reusable =
      this.#head!.keepAlive && this.#requestSent && !extraBytes && !this.#socket.writableNeedDrain
    this.#handler = null
    this.#request = null
    this.#head = null
    this.#chunked = null
    if (this.#paused) {
      this.#paused = false
      this.#socket.resume()
    }
    if (reusable && !this.#closed) {
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
    } else if (this.#head?.framing === 'close') {
      this.#head.keepAlive = false
      this.#complete(NO_TRAILERS, false)
    } else {
      this.#fail(
        new UpstreamError(
          this.#head ? 'cut' : 'reset',
          `the upstream closed the connection while ${this.#phase()}`
        )
      )
    }
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    const cause = !this.#connected ? 'refused' : this.#head ? 'cut' : 'reset'
    this.#fail(new UpstreamError(cause, error.message, { cause: error }))
  }

  readonly #onClose = (): void => {
    if (!this.#closed)
      this.#fail(new UpstreamError(this.#head ? 'cut' : 'reset', 'the connection was closed'))
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

const HTTP_START = Buffer.from('HTTP/1.')

// An upstream that speaks another protocol is found out at its first bytes instead of at the time-out.
function couldBeHttp(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, HTTP_START.length)
  return bytes.compare(HTTP_START, 0, length, 0, length) === 0
}
