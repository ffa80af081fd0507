import type { WaitOutcome, WaitQuery } from './state/barrier.ts'

/** What came of waiting for several workers, who are one member together. */
export function addOutcomes(all: readonly WaitOutcome[], { want }: WaitQuery): WaitOutcome {
  const isSuperseded = all.some(({ outcome }) => outcome === 'superseded')
  const isComplete = all.every(({ outcome }) => outcome === 'complete')
  const ages = all.flatMap(({ oldestMs }) => oldestMs ?? [])
  return {
    outcome: isSuperseded ? 'superseded' : isComplete ? 'complete' : 'not-proven',
    members: 1,
    applied: all.every(({ applied }) => applied > 0) ? 1 : 0,
    drained: want === 'drained' && all.every(({ drained }) => drained > 0) ? 1 : 0,
    inFlight: all.reduce((sum, { inFlight }) => sum + inFlight, 0),
    abandoned: all.reduce((sum, { abandoned }) => sum + abandoned, 0),
    oldestMs: ages.length === 0 ? null : Math.max(...ages),
    lost: []
  }
}

/** That of a worker which does not answer. */
export function waitHopeless(_query: WaitQuery): WaitOutcome {
  const nothing = { applied: 0, drained: 0, inFlight: 0, abandoned: 0, oldestMs: null, lost: [] }
  return { outcome: 'not-proven', members: 1, ...nothing }
}

const LOOK_EVERY_MS = 250

/**
 * Waits for workers, and for what others of them have left at the app when they died.
 *
 * @param count how much that still is, of some sites
 */
export async function waitWithLeftovers(
  query: WaitQuery,
  wait: (query: WaitQuery) => Promise<WaitOutcome>,
  count: (sites: readonly string[]) => number
): Promise<WaitOutcome> {
  const endMs = performance.now() + query.timeoutMs
  for (;;) {
    const timeoutMs = Math.max(0, endMs - performance.now())
    const said = await wait({ ...query, timeoutMs })
    // One of them may have died meanwhile.
    const left = query.want === 'drained' ? count(query.sites) : 0
    if (left === 0) return said
    const { outcome, abandoned } = said
    if (outcome !== 'complete') return { ...said, abandoned: abandoned + left }
    if (timeoutMs === 0) return { ...said, outcome: 'not-proven', drained: 0, abandoned: left }
    // Somebody may change it again, so all are asked again.
    await new Promise((resolve) => setTimeout(resolve, Math.min(timeoutMs, LOOK_EVERY_MS)))
  }
}
