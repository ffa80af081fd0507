import type { BeatAnswer, View } from './answers.ts'
import type { Timing } from './timing.ts'

/**
 * When a member that has just come may believe what it finds, and let requests through. It knows nothing better than the
 * others, so it lets them speak first.
 */
export interface Joining {
  /**
   * Whether every other member has beaten since we came: it knows of us then, and has put back what the store had lost.
   * Members that died lately are waited for, but not for long.
   */
  isSettled(answer: BeatAnswer): boolean
}

export function createJoining(timing: Timing): Joining {
  let cameMs = 0
  return {
    isSettled(answer) {
      const { nowMs, bornMs, longestLeaseMs, lastLeaseMs } = answer
      cameMs ||= nowMs
      if (!isGrown(answer, timing)) return false
      const sinceMs = Math.max(cameMs, bornMs)
      const hasBeaten = (endMs: number | null): boolean => endMs !== null && endMs - timing.leaseMs >= sinceMs
      const isAlone = longestLeaseMs === null
      return (
        isAlone || nowMs - sinceMs >= timing.leaseMs || (hasBeaten(longestLeaseMs) && hasBeaten(lastLeaseMs))
      )
    }
  }
}

/**
 * Whether the members had the time to come back to a store that may have lost its data, and to put back what they know.
 * A store that has been there for longer has lost nothing since.
 */
export function isGrown({ nowMs, bornMs }: Pick<View, 'nowMs' | 'bornMs'>, timing: Timing): boolean {
  return nowMs - bornMs >= timing.emptyStoreMs
}
