import type { Socket } from 'node:net'
import { atTurnEnd } from '../turn-end.ts'
import { canJoin, sendJoined } from './write-memory.ts'

/** A first piece of body up to this size leaves together with the head, in one system call. */
const JOINED_BODY_LIMIT_BYTES = 32_768

/** Writes requests to a connection, in as few pieces as possible. */
export class RequestWriter {
  readonly #socket: Socket
  /** What leaves at the end of the turn: in latin1, and bytes behind it. */
  #heldText = ''
  #heldBytes: Buffer | null = null

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Nothing of the request has left yet. */
  get isHolding(): boolean {
    return this.#heldText !== ''
  }

  /** @param head in latin1. It waits for the first bytes of a body, which have mostly arrived already */
  begin(head: string): void {
    this.#heldText = head
    atTurnEnd(this.flush)
  }

  /** @returns false when the socket wants no more for now */
  write(bytes: Buffer | string): boolean {
    if (this.isHolding && this.#heldBytes === null && this.#canHold(bytes)) {
      if (typeof bytes === 'string') this.#heldText += bytes
      else this.#heldBytes = bytes
      return true
    }
    this.flush()
    return typeof bytes === 'string' ? this.#socket.write(bytes, 'latin1') : this.#socket.write(bytes)
  }

  #canHold(bytes: Buffer | string): boolean {
    if (typeof bytes !== 'string' && canJoin(this.#socket, bytes.length)) return true
    return this.#heldText.length + bytes.length <= JOINED_BODY_LIMIT_BYTES
  }

  /** Sends what is held. */
  readonly flush = (): void => {
    const text = this.#heldText
    const bytes = this.#heldBytes
    this.#heldText = ''
    this.#heldBytes = null
    if (text === '' || this.#socket.destroyed) return
    if (bytes === null) this.#socket.write(text, 'latin1')
    else if (canJoin(this.#socket, bytes.length)) sendJoined(this.#socket, text, bytes, this.#send)
    else this.#socket.write(text + bytes.toString('latin1'), 'latin1')
  }

  readonly #send = (piece: Buffer): void => {
    this.#socket.write(piece)
  }
}
