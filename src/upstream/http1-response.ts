import type { ServerResponse } from 'node:http'
import { endAtTurnEnd } from '../turn-end.ts'
import { headLines, setWholeHead, takeHead } from '../whole-head.ts'
import { type ClientHead, type ClientResponse, COPIED_UP_TO_BYTES, type OnFree } from './client-response.ts'
import { WaitingPiece } from './waiting-piece.ts'
import { canJoin, sendJoined } from './write-memory.ts'

/** A first piece of body up to this size leaves together with its head, in one system call. */
const JOINED_BODY_LIMIT_BYTES = 32_768
/** One up to this size waits for the end of the turn, for which it has to be copied. */
const WAITING_BODY_LIMIT_BYTES = 16_384

/** A response over HTTP/1.0 or 1.1. */
export class Http1Response implements ClientResponse {
  readonly #response: ServerResponse
  readonly #takesInterim: boolean
  #head: ClientHead | null = null
  #headWaits = false
  /** Writes that are not done yet, as far as Node has told us. */
  #untaken = 0
  /** Some of them read the memory of somebody else. */
  #holds = false
  #onDrained: (() => void) | null = null
  #onFree: OnFree[] = []

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
    this.#headWaits = true
  }

  sendWhole(head: ClientHead, body: Buffer | null): void {
    const isSet = this.#writeHead(head)
    const response = this.#response
    const { socket, req } = response
    // Where the client still sends, what it sends may end the connection before.
    if ((body === null || body.length <= WAITING_BODY_LIMIT_BYTES) && req.complete) {
      this.#endLater(body, isSet)
    } else if (body !== null && isSet && socket !== null && canJoin(socket, body.length)) {
      sendJoined(socket, takeHead(response), body, this.#sendPiece)
      response.end()
    } else {
      const isJoined = body === null || body.length <= JOINED_BODY_LIMIT_BYTES
      this.#endWith(isJoined ? (body?.toString('latin1') ?? '') : Buffer.from(body))
    }
  }

  #endLater(body: Buffer | null, isHeadSet: boolean): void {
    const response = this.#response
    const { socket } = response
    if (body !== null && isHeadSet && socket !== null && WaitingPiece.canWait(socket)) {
      const piece = new WaitingPiece(takeHead(response), body)
      endAtTurnEnd(response, () => {
        piece.send(socket, this.#sendPiece)
        response.end()
      })
    } else {
      const text = body === null ? '' : body.toString('latin1')
      endAtTurnEnd(response, () => this.#endWith(text))
    }
  }

  // A latin1 string is one piece together with the head. Node holds it back until the next tick, where the empty write of
  // `end` would join it and make it two pieces: so it leaves now.
  #endWith(body: string | Buffer): void {
    const response = this.#response
    response.write(body, 'latin1')
    response.socket?.uncork()
    response.end()
  }

  write(bytes: Buffer): void {
    this.#headWaits = false
    const isCopied = bytes.length <= COPIED_UP_TO_BYTES
    if (!isCopied) this.#holds = true
    this.#untaken++
    this.#response.write(isCopied ? Buffer.from(bytes) : bytes, this.#onWritten)
  }

  flush(onDrained: () => void): boolean {
    const response = this.#response
    // An empty write sends the head by itself, and in latin1: `flushHeaders()` would mangle bytes above 0x7f.
    if (this.#headWaits) response.write('', 'latin1')
    this.#headWaits = false
    // Node would wait for the next tick. Now it is known whether the kernel takes everything, as it mostly does.
    response.socket?.uncork()
    if (this.#hasTakenAll()) return true
    if (!this.#holds && !response.writableNeedDrain) return true
    this.#onDrained = onDrained
    return false
  }

  holdsBytes(onFree: OnFree): boolean {
    if (!this.#holds || this.#hasTakenAll()) return false
    this.#onFree.push(onFree)
    return true
  }

  // Node tells of a write in a later tick, even when it was done at once.
  #hasTakenAll(): boolean {
    return this.#untaken === 0 || (this.#response.writableLength === 0 && !this.#response.destroyed)
  }

  readonly #sendPiece = (piece: Buffer): void => {
    this.#response.write(piece)
    this.#response.socket?.uncork()
  }

  readonly #onWritten = (error?: Error | null): void => {
    this.#untaken--
    if (error) this.#free(false)
    if (this.#untaken > 0) return
    this.#free(true)
    const onDrained = this.#onDrained
    this.#onDrained = null
    onDrained?.()
  }

  #free(isFree: boolean): void {
    this.#holds = false
    if (this.#onFree.length === 0) return
    const waiting = this.#onFree
    this.#onFree = []
    for (const onFree of waiting) onFree(isFree)
  }

  end(trailers: string[]): void {
    if (trailers.length > 0) this.#response.addTrailers(toPairs(trailers))
    // See `#endWith`. A last chunk, though, is best sent together with the one before.
    if (!this.#response.chunkedEncoding) this.#response.socket?.uncork()
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

  // True when it is one piece of text that waits to be sent.
  #writeHead(head: ClientHead): boolean {
    this.#head = head
    const { status, reasonPhrase, fields } = head
    const lines = head.framing === 'length' && !head.hasAdded ? headLines(fields) : null
    if (lines !== null && setWholeHead(this.#response, status, reasonPhrase, lines)) return true
    this.#response.writeHead(status, reasonPhrase, fields)
    return false
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
