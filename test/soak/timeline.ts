/** What went on around the requests, so that each can be held against what it must have met. */
export type Circumstance = 'maintenance' | 'read-only' | 'hold' | 'app gone'

export interface Timeline {
  /** Notes that it is so for as long as the work takes. */
  during<T>(what: Circumstance, work: () => Promise<T>): Promise<T>
  /** Whether it was so at any time since then (`performance.now()`). */
  had(what: Circumstance, sinceMs: number): boolean
}

export function createTimeline(): Timeline {
  const endedMs = new Map<Circumstance, number>()
  return {
    async during(what, work) {
      endedMs.set(what, Number.POSITIVE_INFINITY)
      try {
        return await work()
      } finally {
        endedMs.set(what, performance.now())
      }
    },
    had: (what, sinceMs) => (endedMs.get(what) ?? 0) >= sinceMs
  }
}

/** What may become of a request besides `ok`, and when. */
const EXCUSES: readonly [outcome: RegExp, ...circumstances: Circumstance[]][] = [
  [/^503 maintenance$/, 'maintenance'],
  [/^503 read-only$/, 'read-only'],
  [/^502 upstream-unreachable$/, 'app gone'],
  [/^cut$/, 'app gone'],
  [/^websocket cut$/, 'maintenance', 'read-only', 'hold', 'app gone']
]

/** Whether this may have become of a request that began then and has just ended. */
export function isExpected(outcome: string, timeline: Timeline, sinceMs: number): boolean {
  if (outcome === 'ok') return true
  return EXCUSES.some(
    ([pattern, ...circumstances]) =>
      pattern.test(outcome) && circumstances.some((one) => timeline.had(one, sinceMs))
  )
}
