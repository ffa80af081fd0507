import type { ServerResponse } from 'node:http'
import type { ClientHead, ClientResponse } from './client-response.ts'

/** A first piece of body up to this size leaves together with its head, in one system call. */
const JOINED_BODY_LIMIT_BYTES = 32_768

/** A response over HTTP/1.0 or 1.1. */
export class Http1Response implements ClientResponse {
  readonly #response: ServerResponse
  readonly #takesInterim: boolean
  #head: ClientHead | null = null
  #isDraining = false

  /** @param takesInterim the client knows 1xx: HTTP/1.0 does not */
  constructor(response: ServerResponse, takesInterim: boolean) {
    this.#response = response
    this.#takesInterim = takesInterim
  }

  canSay(): boolean {
    return true
  }

  sendHints(fields: string[]): void {
    if (!this.#takesInterim) return
    try {
      this.#response.writeEarlyHints(toHints(fields))
    } catch {
      // Node takes well-formed Link fields only.
    }
  }

  sendHead(head: ClientHead): void {
    this.#writeHead(head)
    // An empty write sends the head at once, and in latin1: `flushHeaders()` would mangle bytes above 0x7f.
    this.#response.write('', 'latin1')
  }

  sendWhole(head: ClientHead, body: Buffer | null): void {
    this.#writeHead(head)
    // A latin1 string is one piece together with the head. Node holds it back until the next tick, where the empty write
    // of `end` would join it and make it two pieces: so it leaves now.
    if (body !== null && body.length <= JOINED_BODY_LIMIT_BYTES)
      this.#response.write(body.toString('latin1'), 'latin1')
    else this.#response.write(body ?? '', 'latin1')
    this.#response.socket?.uncork()
    this.#response.end()
  }

  write(bytes: Buffer, onDrained: () => void): boolean {
    if (this.#response.write(bytes)) return true
    // One read of the upstream may hold thousands of chunks, each of which is refused.
    if (!this.#isDraining) {
      this.#isDraining = true
      this.#response.once('drain', () => {
        this.#isDraining = false
        onDrained()
      })
    }
    return false
  }

  end(trailers: string[]): void {
    if (trailers.length > 0) this.#response.addTrailers(toPairs(trailers))
    this.#response.end()
  }

  // No last chunk, fewer bytes than announced, or a reset where the end of the connection would otherwise look like the
  // end of the body.
  cut(): void {
    const { socket } = this.#response
    if (socket === null) return
    const endsByClosing = !this.#response.chunkedEncoding && this.#head?.framing !== 'length'
    if (!endsByClosing && socket.writableLength === 0) socket.destroy()
    else resetConnection(socket)
  }

  #writeHead(head: ClientHead): void {
    this.#head = head
    this.#response.writeHead(head.status, head.reasonPhrase, head.fields)
  }
}

// Only TCP knows resets. TLS says by itself that it was cut, since its own farewell is missing.
function resetConnection(socket: NonNullable<ServerResponse['socket']>): void {
  try {
    socket.resetAndDestroy()
  } catch {
    socket.destroy()
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
