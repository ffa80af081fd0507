/** Finds clients that have stopped: that read nothing of what is sent to them, or send nothing of what they owe. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const kResponse = Symbol('intermission.response')
const TICKS_PER_TIMEOUT = 10
const LONGEST_TICK_MS = 5000

type WatchedSocket = Socket & { [kResponse]?: ServerResponse }

interface Progress {
  flushedBytes: number
  readBytes: number
  sinceMs: number
}

/** Remembers which response a connection is busy with. */
export function noteResponse(request: IncomingMessage, response: ServerResponse): void {
  const socket: WatchedSocket = request.socket
  socket[kResponse] = response
}

/** The response that a connection was last busy with, if it has had any. */
export function lastResponse(socket: WatchedSocket): ServerResponse | undefined {
  return socket[kResponse]
}

/** The watch over one server's connections; one timer for all of them, and nothing to do for a request. */
export interface StalledWatch {
  add(socket: Socket): void
  close(): void
}

/** @param timeoutMs longest time without any progress where some is due */
export function watchStalled(timeoutMs: number): StalledWatch {
  const connections = new Map<WatchedSocket, Progress>()
  const ticker = setInterval(check, Math.min(LONGEST_TICK_MS, timeoutMs / TICKS_PER_TIMEOUT)).unref()

  function check(): void {
    const now = performance.now()
    for (const [socket, progress] of connections) {
      if (isMoving(socket, progress)) progress.sinceMs = now
      else if (now - progress.sinceMs >= timeoutMs) cut(socket)
    }
  }

  return {
    add(socket) {
      connections.set(socket, { flushedBytes: 0, readBytes: 0, sinceMs: performance.now() })
      socket.on('close', () => connections.delete(socket))
    },
    close: () => clearInterval(ticker)
  }
}

function isMoving(socket: WatchedSocket, progress: Progress): boolean {
  const flushedBytes = socket.bytesWritten - socket.writableLength
  const { bytesRead } = socket
  const hasFlushed = flushedBytes !== progress.flushedBytes
  const hasRead = bytesRead !== progress.readBytes
  progress.flushedBytes = flushedBytes
  progress.readBytes = bytesRead
  // What is due decides: a client that sends but does not read has stopped, and so has one that only reads.
  if (socket.writableLength > 0) return hasFlushed
  return hasRead || !owesBody(socket[kResponse])
}

// Somebody reads the rest of a body, or throws it away after an answer, and it does not come.
function owesBody(response: ServerResponse | undefined): boolean {
  if (response === undefined || response.req.complete || response.req.destroyed) return false
  return response.writableEnded
}

// The client must not take for whole what it has got so far.
function cut(socket: Socket): void {
  try {
    socket.resetAndDestroy()
  } catch {
    // TLS and unix sockets know no reset.
    socket.destroy()
  }
}
