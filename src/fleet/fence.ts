import type { Timing } from './timing.ts'

/**
 * Keeps a promise to the others: who has heard nothing of the store for the time of a lease lets nobody through and has
 * ended what was under way. So they may count this member as drained some time after its lease has run out.
 *
 * It is as good as this process is alive: one that is stopped in the middle of a request cannot end it.
 */
export interface Fence {
  /** Cheap: asked for every request. */
  isTrusted(): boolean
  close(): void
}

/** Part of a lease after which nobody is let through any more. */
const HOLD_AT = 0.7
const LOOK_EVERY = 0.05

/**
 * @param heardMs when the store was heard of last, on the clock of `performance.now()`, which no operator sets
 * @param abort ends everything that is under way
 */
export function createFence(
  isOn: boolean,
  { leaseMs }: Timing,
  heardMs: () => number | null,
  abort: () => void
): Fence {
  if (!isOn) return { isTrusted: () => true, close() {} }
  const silentMs = (): number => performance.now() - (heardMs() ?? Number.NEGATIVE_INFINITY)
  let isCut = false
  const timer = setInterval(() => {
    const isOver = silentMs() >= leaseMs
    if (isOver && !isCut) abort()
    isCut = isOver
  }, leaseMs * LOOK_EVERY)
  timer.unref()
  return {
    isTrusted: () => silentMs() < leaseMs * HOLD_AT,
    close: () => clearInterval(timer)
  }
}
