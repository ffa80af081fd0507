import type { Socket } from 'node:net'

/** Final, opcode 8, two bytes: status 1001, "going away" (RFC 6455 sections 5.5.1 and 7.4.1). */
const GOING_AWAY = Buffer.from([0x88, 0x02, 0x03, 0xe9])
const OPCODE_CLOSE = 0x8
const NOTHING = Buffer.alloc(0)

/** The app's side of a WebSocket, on its way to the client. */
export interface FrameStream {
  /** Begins the closing handshake after the frame that is under way, and drops what the app says after that. */
  close(): void
}

/**
 * Moves bytes as `pipe` does, and knows where frames end: nothing may be said in the middle of one, and where they end can only be
 * known by whoever has followed them from the first.
 *
 * @param first bytes that have been passed on already
 */
export function pipeFrames(app: Socket, client: Socket, first: Buffer): FrameStream {
  const reader = new FrameReader()
  const follow = (bytes: Buffer): void => {
    for (let at = 0; at < bytes.length; ) at = reader.take(bytes, at)
  }
  follow(first)
  app.on('data', follow)
  app.pipe(client)

  let isClosing = false
  let hasSaid = false
  const finish = (bytes: Buffer): void => {
    if (hasSaid) return
    const end = reader.isBetween ? 0 : reader.take(bytes, 0)
    if (end > 0 && !client.write(bytes.subarray(0, end))) {
      app.pause()
      client.once('drain', () => app.resume())
    }
    hasSaid = reader.isBetween
    if (hasSaid && !reader.hasClosed) client.write(GOING_AWAY)
  }
  return {
    close() {
      if (isClosing || client.writableEnded) return
      isClosing = true
      app.off('data', follow).unpipe(client)
      app.on('data', finish)
      app.once('end', () => client.end())
      finish(NOTHING)
      // The client's answer is for the app, whose closing of the connection then ends both.
      app.resume()
    }
  }
}

/** Follows the heads of frames (RFC 6455 section 5.2); what is in them stays unread. */
export class FrameReader {
  /** The app has begun the closing handshake, or answered it. */
  hasClosed = false
  #headSeen = 0
  #headLength = 2
  #lengthEnd = 2
  #length = 0
  #left = 0

  /** Whether what was taken last is the end of a frame. */
  get isBetween(): boolean {
    return this.#headSeen === 0 && this.#left === 0
  }

  /** Goes on from a place in these bytes. @returns where the frame ends, or these bytes do */
  take(bytes: Buffer, from: number): number {
    const at = this.#left === 0 ? this.#takeHead(bytes, from) : from
    const end = Math.min(bytes.length, at + this.#left)
    this.#left -= end - at
    return end
  }

  #takeHead(bytes: Buffer, from: number): number {
    let at = from
    while (at < bytes.length) {
      const byte = bytes[at++]!
      const place = this.#headSeen++
      if (place === 0) this.hasClosed ||= (byte & 0x0f) === OPCODE_CLOSE
      else if (place === 1) this.#takeLength(byte)
      else if (place < this.#lengthEnd) this.#length = this.#length * 256 + byte
      if (this.#headSeen === this.#headLength) {
        this.#left = this.#length
        this.#headSeen = 0
        this.#headLength = 2
        break
      }
    }
    return at
  }

  #takeLength(byte: number): void {
    const length = byte & 0x7f
    const bytes = length === 126 ? 2 : length === 127 ? 8 : 0
    this.#length = bytes === 0 ? length : 0
    this.#lengthEnd = 2 + bytes
    this.#headLength = this.#lengthEnd + (byte & 0x80 ? 4 : 0)
  }
}
