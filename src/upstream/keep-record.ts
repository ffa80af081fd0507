/**
 * What we have learnt of how an upstream ends the connections that it keeps between requests.
 *
 * One that ends them without a word may do so while a request is on its way. Nobody can tell then whether that was read,
 * so a request that must not be sent twice is lost. On a connection of its own that cannot happen, but each costs more
 * than the request itself: so only an upstream with a clean record gets such requests over kept connections.
 */
export interface KeepRecord {
  /** Whether kept connections are good enough for a request that must not be repeated. */
  isClean(nowMs: number): boolean
  /** A connection is kept after its answer. */
  onKept(): void
  /** The upstream has ended a kept connection that it had not said it would end. */
  onBroken(nowMs: number): void
}

/** Without a broken connection for so long, and over so many kept ones, a record is clean. */
const CLEAN_AFTER_MS = 10_000
export const CLEAN_AFTER_KEPT = 64
/** Where one was broken, more may follow: workers that are replaced by turns, a time-out that nobody announces. */
const CLEAN_AGAIN_AFTER_MS = 300_000

/** @param nowMs when the upstream has been heard of first */
export function createKeepRecord(nowMs: number): KeepRecord {
  let cleanFromMs = nowMs + CLEAN_AFTER_MS
  let kept = 0
  return {
    isClean: (now) => kept >= CLEAN_AFTER_KEPT && now >= cleanFromMs,
    onKept() {
      kept++
    },
    onBroken(now) {
      kept = 0
      cleanFromMs = now + CLEAN_AGAIN_AFTER_MS
    }
  }
}
