import type { Socket } from 'node:net'
import { canJoin, sendJoined } from './write-memory.ts'

/** A first piece of body up to this size leaves together with the head, in one system call. */
const JOINED_BODY_LIMIT_BYTES = 32_768

/** Writes requests to a connection, in as few pieces as possible. */
export class RequestWriter {
  readonly #socket: Socket
  #heldHead = ''

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** @param head in latin1. It waits for the first bytes of a body, which have mostly arrived already */
  begin(head: string, hasBody: boolean): void {
    if (hasBody) {
      this.#heldHead = head
      setImmediate(this.#flush)
    } else {
      this.#socket.write(head, 'latin1')
    }
  }

  /** @returns false when the socket wants no more for now */
  write(bytes: Buffer | string): boolean {
    const held = this.#heldHead
    if (held !== '' && typeof bytes !== 'string' && canJoin(this.#socket, bytes.length)) {
      this.#heldHead = ''
      sendJoined(this.#socket, held, bytes, this.#send)
      return !this.#socket.writableNeedDrain
    }
    if (typeof bytes === 'string' || (held !== '' && bytes.length <= JOINED_BODY_LIMIT_BYTES)) {
      this.#heldHead = ''
      return this.#socket.write(held + bytes.toString('latin1'), 'latin1')
    }
    this.#flush()
    return this.#socket.write(bytes)
  }

  readonly #send = (piece: Buffer): void => {
    this.#socket.write(piece)
  }

  readonly #flush = (): void => {
    const held = this.#heldHead
    this.#heldHead = ''
    if (held !== '' && !this.#socket.destroyed) this.#socket.write(held, 'latin1')
  }
}
