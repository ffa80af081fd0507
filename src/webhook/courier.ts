import { setTimeout as sleep } from 'node:timers/promises'
import type { Message } from './message.ts'

/** Brings messages to one receiver, one after the other and in their order. */
export interface Courier {
  /** Takes a message; never waits, never throws. */
  take(message: Message): void
  /** Messages that the receiver does not have yet. */
  readonly waiting: number
  /** Gives up what it has. */
  close(): void
}

export interface CourierDeps {
  /** Tries once; what went wrong, or null. */
  send: (message: Message, closing: AbortSignal) => Promise<string | null>
  /** Told of each attempt that failed. */
  onFailed: (message: Message, why: string, attempt: number, againMs: number) => void
  onDelivered: (message: Message) => void
  /** Told of a message that the receiver will never have. */
  onLost: (message: Message, why: string) => void
  /** The first pause after a failure; each one after it is twice as long. Default: 1000. */
  firstPauseMs?: number
  /** Default: 60 000. */
  longestPauseMs?: number
  /** How long a message is tried. Default: 15 minutes. */
  lifetimeMs?: number
}

/** The newest are worth most: when there is no room the oldest goes, but for the one that is being tried. */
export const MOST_WAITING = 100

export function createCourier(deps: CourierDeps): Courier {
  const { firstPauseMs = 1000, longestPauseMs = 60_000, lifetimeMs = 15 * 60_000 } = deps
  const waiting: { message: Message; giveUpMs: number }[] = []
  const closing = new AbortController()
  let isBusy = false

  // The first of those that wait is the one that is tried.
  async function work(): Promise<void> {
    isBusy = true
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      await deliver(next.message, next.giveUpMs)
      if (waiting[0] === next) waiting.shift()
    }
    isBusy = false
  }

  async function deliver(message: Message, giveUpMs: number): Promise<void> {
    for (
      let attempt = 1, pauseMs = firstPauseMs;
      ;
      attempt++, pauseMs = Math.min(longestPauseMs, pauseMs * 2)
    ) {
      const why = await deps.send(message, closing.signal)
      if (why === null) return deps.onDelivered(message)
      if (closing.signal.aborted) return
      // Spread, so that many gateways do not come back to a receiver all at once.
      const againMs = Math.round(pauseMs * (0.75 + Math.random() / 2))
      if (performance.now() + againMs > giveUpMs) return deps.onLost(message, why)
      deps.onFailed(message, why, attempt, againMs)
      // Does not keep the process alive, and rejects when we close.
      await sleep(againMs, undefined, { signal: closing.signal, ref: false }).catch(() => {})
      if (closing.signal.aborted) return
    }
  }

  function lose(at: number, why: string): void {
    for (const { message } of waiting.splice(at, 1)) deps.onLost(message, why)
  }

  return {
    take(message) {
      if (closing.signal.aborted) return deps.onLost(message, 'stopped')
      if (waiting.length >= MOST_WAITING) lose(1, `${MOST_WAITING} others wait`)
      waiting.push({ message, giveUpMs: performance.now() + lifetimeMs })
      if (!isBusy) void work()
    },
    get waiting() {
      return waiting.length
    },
    close() {
      while (waiting.length > 0) lose(0, 'stopped')
      closing.abort()
    }
  }
}
