import type { Version } from './version.ts'

/** A document without what it says. */
export interface Claim {
  version: Version
  /** Made up by a member that knew nothing, in an empty store; it gives way to any that is not. */
  isProvisional: boolean
}

/**
 * What a member does about the document that it finds in the store.
 *
 * - `same`: it is the own one;
 * - `take`: apply it;
 * - `restore`: the store has lost something; put the own one back;
 * - `overtake`: it counts, but its revision is not above the own one; store it anew with a revision that is, so that
 *   revisions go up for everybody;
 * - `wait`: nobody knows anything yet.
 */
export type Verdict = 'same' | 'take' | 'restore' | 'overtake' | 'wait'

/** Pure, so that every line of the table of failures is one test. */
export function judge(own: Claim | undefined, found: Claim | undefined): Verdict {
  if (found === undefined) return own === undefined ? 'wait' : 'restore'
  if (own === undefined) return 'take'
  const [mine, theirs] = [own.version, found.version]
  if (mine.epoch === theirs.epoch) {
    if (theirs.revision > mine.revision) return 'take'
    // A replica that lagged behind was promoted, or an old copy of the data was put back.
    if (theirs.revision < mine.revision) return 'restore'
    return theirs.id === mine.id ? 'same' : 'overtake'
  }
  if (found.isProvisional) return own.isProvisional ? 'take' : 'restore'
  // The store was empty and somebody decided anew, before any of us came back: that is the later decision.
  return theirs.revision > mine.revision ? 'take' : 'overtake'
}
