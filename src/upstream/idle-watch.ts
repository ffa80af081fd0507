/** Somebody who is expected to do something. */
export interface Watched {
  /** Since when we have waited for it, in `performance.now()` milliseconds; Infinity while it is not its turn. */
  waitingSinceMs: number
  /** It has not done it in time. */
  onIdle(): void
}

/** One timer for all that is waited for: a timer each would be set again for every piece of every body. */
export interface IdleWatch {
  add(watched: Watched): void
  delete(watched: Watched): void
}

const LONGEST_TICK_MS = 1000
/** Idleness is seen this fraction late at most. */
const TICKS_PER_TIMEOUT = 10

/** Calls `onIdle` of what has been waited for longer than `timeoutMs`. The timer runs only while there is something. */
export function createIdleWatch(timeoutMs: number): IdleWatch {
  const all = new Set<Watched>()
  let ticker: NodeJS.Timeout | null = null

  function check(): void {
    const sinceMs = performance.now() - timeoutMs
    for (const watched of all) if (watched.waitingSinceMs <= sinceMs) watched.onIdle()
    if (all.size > 0 || ticker === null) return
    clearInterval(ticker)
    ticker = null
  }

  return {
    add(watched) {
      all.add(watched)
      ticker ??= setInterval(check, Math.min(LONGEST_TICK_MS, timeoutMs / TICKS_PER_TIMEOUT)).unref()
    },
    delete(watched) {
      all.delete(watched)
    }
  }
}
