import type { BeatAnswer } from './answers.ts'
import type { Timing } from './timing.ts'

/**
 * When a member that has just come may believe what it finds. The store may have lost its data, or a replica that lags
 * behind may have taken over; the others would then put back what they know with their next beat. A newcomer knows
 * nothing better, so it lets them speak first.
 */
export interface Joining {
  /** How long to wait until looking again, in milliseconds. */
  readonly pauseMs: number
  /** Whether an empty store has stayed empty for long enough. */
  isAlone(answer: BeatAnswer): boolean
  /** Whether every other member has beaten since we came. Members that died lately are waited for, but not for long. */
  isSettled(answer: BeatAnswer): boolean
}

export function createJoining({ beatMs, leaseMs, emptyStoreMs }: Timing): Joining {
  let cameMs: number | undefined
  return {
    pauseMs: beatMs / 10,
    isAlone({ nowMs }) {
      cameMs ??= nowMs
      return nowMs - cameMs >= emptyStoreMs
    },
    isSettled({ nowMs, others, longestLeaseMs, lastLeaseMs }) {
      cameMs ??= nowMs
      const came = cameMs
      if (others === 0 || nowMs - came >= leaseMs) return true
      const hasBeaten = (endMs: number | null): boolean => endMs !== null && endMs - leaseMs >= came
      return hasBeaten(longestLeaseMs) && hasBeaten(lastLeaseMs)
    }
  }
}
