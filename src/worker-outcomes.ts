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
