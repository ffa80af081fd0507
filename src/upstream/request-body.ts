import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendContinue } from '../continue.ts'
import type { UpstreamConnection } from './connection.ts'

const CHUNK_END = '\r\n'
const LAST_CHUNK = '0\r\n\r\n'

/** Moves the body of a request to the upstream as it arrives, no faster than the upstream takes it. */
export class RequestBody {
  readonly #request: IncomingMessage
  readonly #chunked: boolean
  #connection: UpstreamConnection | null = null

  /** @param chunked the length is not known beforehand, so that the body goes out in chunks */
  constructor(request: IncomingMessage, chunked: boolean) {
    this.#request = request
    this.#chunked = chunked
  }

  start(connection: UpstreamConnection, response: ServerResponse): void {
    this.#connection = connection
    sendContinue(response)
    this.#request.on('data', this.#onData)
    this.#request.on('end', this.#onEnd)
  }

  /** The upstream can take more. */
  resume(): void {
    if (this.#connection !== null) this.#request.resume()
  }

  /** What the upstream does not want is read and thrown away, so that the client's connection stays in step. */
  drop(): void {
    if (this.#connection === null) return
    this.#connection = null
    this.#request.off('data', this.#onData)
    this.#request.off('end', this.#onEnd)
    this.#request.resume()
  }

  readonly #onData = (bytes: Buffer): void => {
    const connection = this.#connection!
    let more: boolean
    if (this.#chunked) {
      connection.write(`${bytes.length.toString(16)}\r\n`)
      connection.write(bytes)
      more = connection.write(CHUNK_END)
    } else {
      more = connection.write(bytes)
    }
    if (!more) this.#request.pause()
  }

  readonly #onEnd = (): void => {
    this.#connection?.finish(this.#chunked ? LAST_CHUNK : undefined)
  }
}
