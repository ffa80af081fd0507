/** Where small answers are kept until the turn ends in which they have come, without memory of their own. */
import type { Socket } from 'node:net'
import { isEncrypted } from '../peer.ts'
import { endTurn } from '../turn-end.ts'

/** As much as a busy turn needs: pieces that find no place end the turn. */
const MEMORY_BYTES = 1_048_576
/** So many memories may be read by sockets that have not taken all of a piece. Each is held as long as its client likes. */
const LENT_LIMIT = 16

interface Memory {
  readonly bytes: Buffer
  used: number
  /** How many are in it. */
  pieces: number
}

let current = createMemory()
let lent = 0

function createMemory(): Memory {
  return { bytes: Buffer.allocUnsafeSlow(MEMORY_BYTES), used: 0, pieces: 0 }
}

/** A head, and the bytes behind it, which leave together. */
export class WaitingPiece {
  readonly #memory: Memory
  readonly #bytes: Buffer

  /** Whether one can be made for a socket: it takes bytes at once, and has taken all that it got before. */
  static canWait(socket: Socket): boolean {
    return socket.writableLength === 0 && lent < LENT_LIMIT && !isEncrypted(socket)
  }

  /** @param head in latin1; with the bytes no longer than {@link MEMORY_BYTES} */
  constructor(head: string, bytes: Uint8Array) {
    const length = head.length + bytes.length
    if (current.used + length > MEMORY_BYTES) endTurn()
    // Some may be left that nobody wants any more.
    if (current.used + length > MEMORY_BYTES) current = createMemory()
    const start = current.used
    const bodyStart = start + current.bytes.write(head, start, 'latin1')
    current.bytes.set(bytes, bodyStart)
    current.used += length
    current.pieces++
    this.#memory = current
    this.#bytes = current.bytes.subarray(start, start + length)
  }

  /**
   * Sends it, once.
   *
   * @param write hands it to the socket, now
   */
  send(socket: Socket, write: (piece: Buffer) => void): void {
    const memory = this.#memory
    write(this.#bytes)
    memory.pieces--
    if (socket.writableLength > 0) lend(memory, socket)
    else if (memory.pieces === 0) memory.used = 0
  }
}

// The kernel takes a small answer at once, unless the client has left many unread.
function lend(memory: Memory, socket: Socket): void {
  if (memory === current) current = createMemory()
  lent++
  socket.write('', () => lent--)
}
