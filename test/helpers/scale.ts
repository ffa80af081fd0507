/**
 * The tests of endurance come in two sizes: a small one that runs with all the others, and the full one, which takes
 * minutes and runs with `INTERMISSION_FULL=1`.
 */

/** Whether the full size was asked for. */
export const full = (process.env.INTERMISSION_FULL ?? '') !== ''

/** The number for this run. */
export function sized(small: number, whole: number): number {
  return full ? whole : small
}

export const MIB = 1024 * 1024
