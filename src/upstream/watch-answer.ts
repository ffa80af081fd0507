import type { Socket } from 'node:net'
import { ResponseReader } from './response-reader.ts'

/** A body that is longer is cut: nobody wants it, and an endless one would never show its end. */
const BODY_LIMIT_BYTES = 65_536
/** The same of one that takes longer. */
const BODY_TIMEOUT_MS = 1000

/**
 * Ends our side of a connection, by which an app can tell that nobody wants its answer, and reads that unsent.
 *
 * @param method of the request that went out over it
 * @param timeoutMs how long to wait for the head of the answer
 * @param onOver called once: whether the answer was seen to its end
 */
export function watchAnswer(
  socket: Socket,
  method: string,
  timeoutMs: number,
  onOver: (isWhole: boolean) => void
): void {
  const reader = new ResponseReader()
  let bytes = 0
  let timer = setTimeout(end, timeoutMs).unref()
  reader.start(method, false, {
    onInterim() {},
    onHead() {
      clearTimeout(timer)
      timer = setTimeout(end, BODY_TIMEOUT_MS).unref()
    },
    onData(piece) {
      bytes += piece.length
    }
  })
  socket.on('data', (piece: Buffer) => {
    try {
      reader.read(piece)
    } catch {
      end()
    }
    if (reader.done || bytes > BODY_LIMIT_BYTES) end()
  })
  socket.on('end', () => {
    reader.endOfConnection()
    end()
  })
  socket.on('error', end).on('close', end)
  // Nobody waits for it when the process is to stop.
  socket.unref()
  socket.end()
  socket.resume()

  let isOver = false
  function end(): void {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    socket.destroy()
    onOver(reader.done)
  }
}
