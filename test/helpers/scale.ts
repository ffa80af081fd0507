/**
 * The tests of endurance come in two sizes: a small one that runs with all the others, and the full one, which takes
 * minutes and runs with `INTERMISSION_FULL=1`.
 */

import { availableParallelism, loadavg } from 'node:os'

/** Whether the full size was asked for. */
export const full = (process.env.INTERMISSION_FULL ?? '') !== ''

/** The number for this run. */
export function sized(small: number, whole: number): number {
  return full ? whole : small
}

export const MIB = 1024 * 1024

/** Whether times may be judged: where others want the processors as well, they say more about those, and that is said. */
export function judgesTimes(t: { diagnostic(text: string): void }): boolean {
  const [load = 0] = loadavg()
  if (load <= availableParallelism()) return true
  t.diagnostic(`not judged by the clock: the load of this machine is ${load.toFixed(1)}`)
  return false
}
