import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendContinue } from '../continue.ts'
import type { RequestChannel } from './exchange.ts'
import type { IdleWatch, Watched } from './idle-watch.ts'

/** A chunk up to this size is one write with the lines around it. */
const JOINED_CHUNK_LIMIT_BYTES = 32_768
const LAST_CHUNK = '0\r\n\r\n'

export interface RequestBodyOptions {
  request: IncomingMessage
  /** The length is not known beforehand, so that the body goes out in chunks. */
  chunked: boolean
  watch: IdleWatch
  /** The client has sent nothing of its body for too long, and it was its turn. */
  onIdle(): void
}

/** Moves the body of a request to the upstream as it arrives, no faster than the upstream takes it. */
export class RequestBody implements Watched {
  waitingSinceMs = Number.POSITIVE_INFINITY
  readonly onIdle: () => void
  readonly #request: IncomingMessage
  readonly #chunked: boolean
  readonly #watch: IdleWatch
  #connection: RequestChannel | null = null

  constructor(options: RequestBodyOptions) {
    this.#request = options.request
    this.#chunked = options.chunked
    this.#watch = options.watch
    this.onIdle = options.onIdle
  }

  start(connection: RequestChannel, response: ServerResponse): void {
    this.#connection = connection
    this.waitingSinceMs = performance.now()
    this.#watch.add(this)
    sendContinue(response)
    this.#request.on('data', this.#onData)
    this.#request.on('end', this.#onEnd)
  }

  /** The upstream can take more. */
  resume(): void {
    if (this.#connection === null) return
    this.waitingSinceMs = performance.now()
    this.#request.resume()
  }

  /** The response has begun: from now on the upstream decides how long it waits for the rest. */
  stopWatching(): void {
    this.#watch.delete(this)
  }

  /** What the upstream does not want is read and thrown away, so that the client's connection stays in step. */
  drop(): void {
    if (this.#connection === null) return
    this.#connection = null
    this.#watch.delete(this)
    this.#request.off('data', this.#onData)
    this.#request.off('end', this.#onEnd)
    this.#request.resume()
  }

  readonly #onData = (bytes: Buffer): void => {
    const connection = this.#connection!
    let more: boolean
    if (!this.#chunked) {
      more = connection.write(bytes)
    } else if (bytes.length <= JOINED_CHUNK_LIMIT_BYTES) {
      more = connection.write(`${bytes.length.toString(16)}\r\n${bytes.toString('latin1')}\r\n`)
    } else {
      connection.write(`${bytes.length.toString(16)}\r\n`)
      connection.write(bytes)
      more = connection.write('\r\n')
    }
    if (more) {
      this.waitingSinceMs = performance.now()
    } else {
      this.waitingSinceMs = Number.POSITIVE_INFINITY
      this.#request.pause()
    }
  }

  readonly #onEnd = (): void => {
    this.#watch.delete(this)
    // HTTP/2 streams also say `end` when the client resets them, which must not make a cut body look whole.
    if (isAborted(this.#request)) return
    this.#connection?.finish(this.#chunked ? LAST_CHUNK : undefined)
  }
}

function isAborted(request: IncomingMessage & { aborted?: boolean }): boolean {
  return request.aborted === true
}
