import type { ServerHttp2Stream } from 'node:http2'

const TICKS_PER_TIMEOUT = 10
const LONGEST_TICK_MS = 5000

interface Progress {
  waitingBytes: number
  drained: boolean
  sinceMs: number
}

/** The same for the streams of HTTP/2, each of which can stop by itself: a client may keep its window shut. */
export interface StreamWatch {
  add(stream: ServerHttp2Stream): void
  close(): void
}

/** @param timeoutMs longest time in which a client takes nothing of what waits for it */
export function watchStreams(timeoutMs: number): StreamWatch {
  const streams = new Map<ServerHttp2Stream, Progress>()
  const ticker = setInterval(check, Math.min(LONGEST_TICK_MS, timeoutMs / TICKS_PER_TIMEOUT)).unref()

  function check(): void {
    const now = performance.now()
    for (const [stream, progress] of streams) {
      const { writableLength } = stream
      const moved = writableLength === 0 || progress.drained || writableLength !== progress.waitingBytes
      progress.waitingBytes = writableLength
      progress.drained = false
      if (moved) progress.sinceMs = now
      else if (now - progress.sinceMs >= timeoutMs) stream.destroy(new Error('the client does not read'))
    }
  }

  return {
    add(stream) {
      const progress: Progress = { waitingBytes: 0, drained: false, sinceMs: performance.now() }
      streams.set(stream, progress)
      stream.on('drain', () => {
        progress.drained = true
      })
      stream.once('close', () => streams.delete(stream))
    },
    close: () => clearInterval(ticker)
  }
}
