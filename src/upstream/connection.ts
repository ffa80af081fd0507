import type { Socket } from 'node:net'
import { Deadline } from './deadline.ts'
import type { ConnectionOwner, ExchangeHandler, RequestChannel, UpstreamRequest } from './exchange.ts'
import { brokenOff, connectFailure, invalidResponse, type UpstreamError } from './failure.ts'
import { ReadMemory } from './read-memory.ts'
import { RequestWriter } from './request-writer.ts'
import { ResponseReader } from './response-reader.ts'
import type { UpstreamWay } from './target.ts'

/** One HTTP/1.1 connection to the upstream that carries one request at a time. */
export class UpstreamConnection implements RequestChannel {
  /** When it was opened, in `performance.now()` milliseconds. */
  readonly openedMs: number
  /** The owner calls `onDeadline` once it is due. */
  readonly deadline = new Deadline()
  /** It has been kept after an answer. */
  isKept = false
  readonly #socket: Socket
  readonly #owner: ConnectionOwner<UpstreamConnection>
  #connected = false
  #closed = false
  #request: UpstreamRequest | null = null
  #handler: ExchangeHandler | null = null
  #requestSent = true
  #sawBytes = false
  #paused = false
  readonly #memory = new ReadMemory()
  readonly #writer: RequestWriter
  readonly #reader = new ResponseReader()

  constructor(target: UpstreamWay, owner: ConnectionOwner<UpstreamConnection>) {
    this.#owner = owner
    const socket = target.open({ buffer: this.#memory.next, callback: this.#onRead })
    this.#socket = socket
    this.#writer = new RequestWriter(socket)
    this.openedMs = performance.now()
    this.deadline.set(owner.timeouts.connectTimeoutMs, 'connect-timeout')
    socket.on(target.connectEvent, this.#onConnect).on('drain', this.#onDrain)
    socket.on('end', this.#onEnd).on('error', this.#onError).on('close', this.#onClose)
  }

  /** Sends a request as soon as the upstream can be reached. */
  send(request: UpstreamRequest, handler: ExchangeHandler): void {
    this.#request = request
    this.#handler = handler
    if (this.#connected) this.#begin(request, handler)
  }

  #begin(request: UpstreamRequest, handler: ExchangeHandler): void {
    this.#requestSent = !request.hasBody
    this.#sawBytes = false
    this.#reader.start(request.method, request.upgrade, handler)
    this.#writer.begin(request.head)
    this.#expect()
    handler.onConnection(this, !request.asksFirst)
  }

  write(bytes: Buffer | string): boolean {
    if (this.#closed) return true
    const more = this.#writer.write(bytes)
    if (this.#reader.head === null) this.#expect()
    return more
  }

  finish(lastBytes = ''): void {
    if (this.#closed) return
    if (lastBytes !== '') this.write(lastBytes)
    this.#requestSent = true
    if (this.#reader.head === null) this.#expect()
  }

  pause(): void {
    this.#paused = true
    this.#socket.pause()
    this.deadline.clear()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.deadline.set(this.#owner.timeouts.idleTimeoutMs, 'idle-timeout')
    this.#socket.resume()
  }

  abort(): void {
    this.#handler = null
    this.#close()
  }

  release(): Socket | null {
    const isAwaited = !this.#closed && this.#requestSent && this.#reader.isUntouched
    if (isAwaited) this.#detach()
    this.abort()
    return isAwaited ? this.#socket : null
  }

  onDeadline(): void {
    const error = this.deadline.error(this.#phase())
    if (!this.#connected) this.#fail(error)
    // Before the end of the connection: whoever wants to see the answer may have it.
    this.#handler?.onError(error)
    this.abort()
  }

  #phase(): string {
    if (!this.#connected) return 'connecting'
    return this.#reader.head === null ? 'waiting for the response' : 'reading the response'
  }

  #expect(): void {
    this.deadline.expectResponse(this.#requestSent, this.#socket.writableNeedDrain, this.#owner.timeouts)
  }

  readonly #onConnect = (): void => {
    this.#connected = true
    const request = this.#request
    const handler = this.#handler
    if (request !== null && handler !== null && !handler.isGone) {
      this.#begin(request, handler)
    } else {
      this.#request = null
      this.#handler = null
      this.#owner.onIdle(this, Number.POSITIVE_INFINITY)
    }
    // Only now: whoever waits for this may have the connection.
    this.#owner.onConnected()
  }

  readonly #onDrain = (): void => {
    if (this.#request !== null && this.#reader.head === null) this.#expect()
    this.#handler?.onDrain()
  }

  readonly #onRead = (count: number): boolean => {
    const bytes = this.#memory.read(count)
    // It belongs to a tunnel.
    if (this.#closed) return this.#socket.push(Buffer.from(bytes))
    const handler = this.#handler
    // Bytes nobody asked for: the next response could not be told from them.
    if (handler === null) this.#endIdle()
    else if (this.#writer.isHolding) this.#fail(brokenOff(null, 'the upstream spoke before it was asked'))
    else this.#take(bytes, handler)
    this.#memory.settle(count, this.#handler !== null, handler)
    return true
  }

  #take(bytes: Buffer, handler: ExchangeHandler): void {
    this.#sawBytes = true
    try {
      this.#reader.read(bytes)
    } catch (error) {
      this.#fail(invalidResponse(error))
    }
    if (this.#handler === null) return
    if (this.#reader.done) {
      this.#complete()
      return
    }
    if (this.#reader.head !== null && !this.#paused)
      this.deadline.set(this.#owner.timeouts.idleTimeoutMs, 'idle-timeout')
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
      this.isKept = true
      this.#owner.onIdle(this, head!.keptForMs)
    } else this.#close()
    handler.onEnd(trailers)
  }

  readonly #onEnd = (): void => {
    if (this.#handler === null) this.#endIdle()
    else if (this.#reader.endOfConnection()) this.#complete()
    else this.#fail(brokenOff(this.#reader.head, `the upstream closed the connection while ${this.#phase()}`))
  }

  readonly #onError = (error: NodeJS.ErrnoException): void => {
    if (!this.#connected) this.#fail(connectFailure(error))
    else if (this.#handler === null) this.#endIdle()
    else this.#fail(brokenOff(this.#reader.head, error.message, error))
  }

  readonly #onClose = (): void => {
    // An error for each connection that we have closed ourselves would be made for nobody.
    if (!this.#closed) this.#fail(brokenOff(this.#reader.head, 'the connection was closed'))
  }

  #fail(error: UpstreamError): void {
    if (this.#closed) return
    const handler = this.#handler
    const request = this.#request
    this.#handler = null
    this.#close()
    if (!this.#connected) {
      this.#owner.onUnreachable(error, request, handler)
      return
    }
    if (handler === null || request === null) return
    const wasBroken = error.reason === 'reset' && this.isKept && !this.#sawBytes
    if (wasBroken) this.#owner.onBroken()
    if (wasBroken && request.repeatable) this.#owner.repeat(request, handler)
    else handler.onError(error)
  }

  #endIdle(): void {
    if (this.isKept) this.#owner.onBroken()
    this.#close()
  }

  #close(): void {
    if (this.#closed) return
    this.#end()
    this.#memory.close()
    this.#socket.destroy()
  }

  #end(): void {
    this.#closed = true
    this.#request = null
    // When called from inside `read`, what is left of the bytes is nobody's.
    this.#reader.stop()
    this.#owner.onClosed(this)
  }

  // The socket belongs to somebody else from now on.
  #detach(): void {
    this.#writer.flush()
    this.#end()
    this.#socket.off('end', this.#onEnd).off('error', this.#onError)
    this.#socket.off('close', this.#onClose).off('drain', this.#onDrain)
    this.#socket.pause()
  }
}
