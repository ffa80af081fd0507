import type { ServerResponse } from 'node:http'
import type { Http2ServerResponse, ServerHttp2Stream } from 'node:http2'
import type { ClientHead, ClientResponse } from './client-response.ts'

/** A response over HTTP/2, written straight to its stream: Node's compatible response would copy every field twice. */
export class Http2Response implements ClientResponse {
  readonly #response: Http2ServerResponse
  #isDraining = false
  readonly #stream: ServerHttp2Stream
  /** The status, or the method, lets no body follow: the stream has been ended with the head. */
  #bodyless = false

  constructor(response: ServerResponse) {
    this.#response = response as unknown as Http2ServerResponse
    this.#stream = this.#response.stream
  }

  // What is above 599 means nothing (RFC 9110 section 15), and Node does not send it in HTTP/2.
  canSay(status: number): boolean {
    return status <= 599
  }

  sendHints(fields: string[]): void {
    if (this.#isGone()) return
    this.#stream.additionalHeaders({ ':status': 103, ...toHttp2Fields(fields) })
  }

  sendHead(head: ClientHead): void {
    if (this.#isGone()) return
    const { status } = head
    const fields = toHttp2Fields(head.fields)
    // RFC 9110 section 8.6; an HTTP/2 client may take it for a malformed response.
    if (status === 204) delete fields['content-length']
    // Set apart from the others, for the headers of an object come in the order in which they were set.
    this.#stream.respond({ ':status': status, ...fields }, { waitForTrailers: head.trailers })
    this.#bodyless = this.#stream.writableEnded
  }

  sendWhole(head: ClientHead, body: Buffer | null): void {
    this.sendHead(head)
    if (this.#isGone() || this.#bodyless) return
    if (body === null) this.#stream.end()
    else this.#stream.end(Buffer.from(body))
  }

  // A stream that the client resets leaves parts of a write with its session, which sends them whenever it can: nobody
  // knows how long memory is in use. So the stream gets its own.
  write(bytes: Buffer): void {
    if (!this.#isGone() && !this.#bodyless) this.#stream.write(Buffer.from(bytes))
  }

  holdsBytes(): boolean {
    return false
  }

  flush(onDrained: () => void): boolean {
    if (this.#isGone() || !this.#stream.writableNeedDrain) return true
    if (!this.#isDraining) {
      this.#isDraining = true
      this.#stream.once('drain', () => {
        this.#isDraining = false
        onDrained()
      })
    }
    return false
  }

  end(trailers: string[]): void {
    if (this.#isGone() || this.#bodyless) return
    if (trailers.length > 0) this.#response.addTrailers(toHttp2Fields(trailers))
    this.#stream.end()
  }

  // A stream that was reset cannot be taken for one that has ended (RFC 9113 section 8.1). Not by `close()`, which ends
  // the stream first.
  cut(): void {
    if (!this.#isGone()) this.#stream.destroy(new Error('the response was cut'))
  }

  #isGone(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }
}

// RFC 9113 section 8.2.2: what is about the connection has no place in HTTP/2, wherever it comes from.
const CONNECTION_SPECIFIC = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'te'
])

// Node refuses a response that repeats one of these. The first counts, as for Node's own HTTP/1.1 clients.
const SENT_ONCE = new Set([
  'access-control-allow-credentials',
  'access-control-max-age',
  'access-control-request-method',
  'age',
  'authorization',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'dnt',
  'etag',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'tk',
  'upgrade-insecure-requests',
  'user-agent',
  'x-content-type-options'
])

type Http2Fields = Record<string, string | string[]>

function toHttp2Fields(flat: string[]): Http2Fields {
  // Without a prototype: an app may call a field `constructor`.
  const fields = Object.create(null) as Http2Fields
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i]!.toLowerCase()
    const value = flat[i + 1]!
    if (CONNECTION_SPECIFIC.has(name)) continue
    const before = fields[name]
    if (before === undefined) fields[name] = value
    else if (SENT_ONCE.has(name)) continue
    else if (typeof before === 'string') fields[name] = [before, value]
    else before.push(value)
  }
  return fields
}
