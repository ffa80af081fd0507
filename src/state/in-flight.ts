import type { IncomingMessage } from 'node:http'

/** One request that was handed to the app and is not over. A relay is one, so that nothing is made for it. */
export interface InFlightEntry {
  /** The request of the client. */
  readonly request: IncomingMessage
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
  /** How many are left. */
  left: number
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
  /** How many there are. */
  readonly count: number
  /** Age of the oldest, in milliseconds. */
  readonly oldestMs: number | null
  /** Begins a new generation. @returns the one that ended: what has begun until now is of it or older */
  close(): number
  /** Lets what may go on under a new mode be of the current generation, so that nobody waits for its end. */
  renew(mayGoOn: (entry: InFlightEntry) => boolean): void
  /** Resolves when nothing of a generation or an older one is left, or the time is over. */
  drained(generation: number, options: DrainOptions): Promise<Drained>
  /** What is left of a generation and older ones. */
  left(generation: number): { left: number; oldestMs: number | null }
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

  return {
    begin(entry) {
      current.set(entry, performance.now())
    },
    end(entry) {
      if (!current.delete(entry) && older.size > 0) endOlder(entry)
    },
    get count() {
      let count = current.size
      for (const entries of older.values()) count += entries.size
      return count
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
      return { drained: rest.left === 0, ...rest }
    }
  }

  function leftOf(last: number): { left: number; oldestMs: number | null } {
    const rest = upTo(last)
    return { left: rest.reduce((sum, entries) => sum + entries.size, 0), oldestMs: ageOf(rest) }
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

function ageOf(generations: readonly Entries[]): number | null {
  let oldest = Number.POSITIVE_INFINITY
  for (const entries of generations) for (const began of entries.values()) oldest = Math.min(oldest, began)
  return oldest === Number.POSITIVE_INFINITY ? null : performance.now() - oldest
}
