import type { IncomingMessage } from 'node:http'

/** One request that was handed to the app and is not over. A relay is one, so that nothing is made for it. */
export interface InFlightEntry {
  /** The request of the client; null when it is not known any more. */
  readonly request: IncomingMessage | null
  /** Ends it at once, in the middle. */
  abort(): void
  /** Ends an upgraded connection: with a goodbye where its protocol has one that we know, else as `abort`. */
  close(): void
  /**
   * Takes it away from the app when the app has got nothing of it, for the gate to decide on it as if it had just come.
   *
   * @returns whether that was so
   */
  withdraw(): boolean
  /** Whether it has become a connection of another protocol, such as a WebSocket. */
  readonly isUpgraded: boolean
}

/** What is left of those who were waited for. */
export interface Drained {
  /** Whether nothing is left. */
  drained: boolean
  /** How many are left that somebody waits for. */
  left: number
  /** How many were given up, and may still be running. */
  abandoned: number
  /** Age of the oldest that is left, in milliseconds. */
  oldestMs: number | null
}

/** How long to wait for what is in flight. */
export interface DrainOptions {
  /** How long at most, in milliseconds. */
  timeoutMs: number
  /** At the end of that time, cut what is left. Default: false. */
  force?: boolean
  /** Ends the waiting early, with what is so then. */
  signal?: AbortSignal
}

/** The requests of a site that were handed to the app and are not over. */
export interface InFlight {
  /** Cheap: called for every request, right before it is handed to the app. */
  begin(entry: InFlightEntry): void
  /** The response has ended, or either side is gone. An entry that did not begin, or has ended, is ignored. */
  end(entry: InFlightEntry): void
  /**
   * Gives an entry up: nobody waits for its answer any more, but the app may still be at it. It is not counted from now on,
   * and a drain waits all the same, for the end of what stands in its place.
   *
   * @returns false for one that did not begin, or has ended
   */
  abandon(entry: InFlightEntry, leftover: InFlightEntry): boolean
  /** How many there are that were not given up. */
  readonly count: number
  /** How many there are that were given up. */
  readonly abandoned: number
  /** Age of the oldest, in milliseconds. */
  readonly oldestMs: number | null
  /** Begins a new generation. @returns the one that ended: what has begun until now is of it or older */
  close(): number
  /** Lets what may go on under a new mode be of the current generation, so that nobody waits for its end. */
  renew(mayGoOn: (entry: InFlightEntry) => boolean): void
  /** Resolves when nothing of a generation or an older one is left, or the time is over. */
  drained(generation: number, options: DrainOptions): Promise<Drained>
  /** What is left of a generation and older ones. */
  left(generation: number): Omit<Drained, 'drained'>
  /** Ends all that is left of a generation and older ones. @returns how many */
  abort(generation: number): number
}

// What was cut tells so itself, by `end`, once its sockets are gone.
const ABORT_GRACE_MS = 1000

type Entries = Map<InFlightEntry, number>

export function createInFlight(): InFlight {
  let generation = 1
  let current: Entries = new Map()
  // Those that ended and have entries left, the oldest first.
  const older = new Map<number, Entries>()
  const waiting = new Set<() => void>()
  const abandoned = new Set<InFlightEntry>()

  return {
    begin(entry) {
      current.set(entry, performance.now())
    },
    abandon(entry, leftover) {
      for (const entries of [current, ...older.values()]) {
        const began = entries.get(entry)
        if (began === undefined) continue
        entries.delete(entry)
        entries.set(leftover, began)
        abandoned.add(leftover)
        return true
      }
      return false
    },
    end(entry) {
      if (abandoned.size > 0) abandoned.delete(entry)
      if (!current.delete(entry) && older.size > 0) endOlder(entry)
    },
    get count() {
      let count = current.size - abandoned.size
      for (const entries of older.values()) count += entries.size
      return count
    },
    get abandoned() {
      return abandoned.size
    },
    get oldestMs() {
      return ageOf([...older.values(), current])
    },
    close() {
      if (current.size > 0) {
        older.set(generation, current)
        current = new Map()
      }
      return generation++
    },
    left: leftOf,
    abort,
    renew(mayGoOn) {
      for (const [number, entries] of [...older]) {
        for (const [entry, began] of [...entries]) {
          if (!mayGoOn(entry)) continue
          entries.delete(entry)
          current.set(entry, began)
        }
        if (entries.size === 0) older.delete(number)
      }
      for (const look of waiting) look()
    },
    async drained(last, { timeoutMs, force = false, signal }) {
      await untilEmpty(last, timeoutMs, signal)
      if (force && signal?.aborted !== true && abort(last) > 0) await untilEmpty(last, ABORT_GRACE_MS, signal)
      const rest = leftOf(last)
      return { drained: rest.left + rest.abandoned === 0, ...rest }
    }
  }

  function leftOf(last: number): Omit<Drained, 'drained'> {
    const rest = upTo(last)
    const givenUp = rest
      .flatMap((entries) => [...entries.keys()])
      .filter((entry) => abandoned.has(entry)).length
    const all = rest.reduce((sum, entries) => sum + entries.size, 0)
    return { left: all - givenUp, abandoned: givenUp, oldestMs: ageOf(rest) }
  }

  function ageOf(generations: readonly Entries[]): number | null {
    let oldest = Number.POSITIVE_INFINITY
    for (const entries of generations)
      for (const [entry, began] of entries) if (!abandoned.has(entry)) oldest = Math.min(oldest, began)
    return oldest === Number.POSITIVE_INFINITY ? null : performance.now() - oldest
  }

  function endOlder(entry: InFlightEntry): void {
    for (const [number, entries] of older) {
      if (!entries.delete(entry)) continue
      if (entries.size === 0) older.delete(number)
      for (const look of waiting) look()
      return
    }
  }

  function upTo(last: number): Entries[] {
    return [...older].flatMap(([number, entries]) => (number <= last ? [entries] : []))
  }

  function abort(last: number): number {
    const meant = upTo(last).flatMap((entries) => [...entries.keys()])
    for (const entry of meant) entry.abort()
    return meant.length
  }

  function untilEmpty(last: number, timeoutMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        waiting.delete(look)
        resolve()
      }
      const look = (): void => {
        if (upTo(last).length === 0) done()
      }
      const timer = setTimeout(done, timeoutMs)
      signal?.addEventListener('abort', done)
      waiting.add(look)
      if (signal?.aborted) done()
      else look()
    })
  }
}
