/** Where a head and what follows it become one piece, so that both take one system call and no memory of their own. */
import type { Socket } from 'node:net'
import { isEncrypted } from '../peer.ts'

/** A head is no longer than that, mostly. In bytes. */
const HEAD_BYTES = 8192
const PIECE_BYTES = 65_536 + HEAD_BYTES

/** One for all: the kernel mostly takes a piece at once. */
let memory = Buffer.allocUnsafeSlow(PIECE_BYTES)

/** Whether bytes of this length can be sent by {@link sendJoined}. TLS takes its time to take anything. */
export function canJoin(socket: Socket, length: number): boolean {
  return length <= PIECE_BYTES - HEAD_BYTES && !isEncrypted(socket)
}

/**
 * Sends a head and bytes as one piece.
 *
 * @param head in latin1
 * @param write hands the piece to the socket, now
 */
export function sendJoined(
  socket: Socket,
  head: string,
  bytes: Uint8Array,
  write: (piece: Buffer) => void
): void {
  if (head.length > HEAD_BYTES) {
    write(Buffer.concat([Buffer.from(head, 'latin1'), bytes]))
    return
  }
  const piece = memory
  const start = piece.write(head, 0, 'latin1')
  piece.set(bytes, start)
  write(piece.subarray(0, start + bytes.length))
  // The rest is read out of it later, as it leaves.
  if (socket.writableLength > 0) memory = Buffer.allocUnsafeSlow(PIECE_BYTES)
}
