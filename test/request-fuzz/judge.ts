import type { Request, Seen } from './lane.ts'

/** Something that must not be; the first words say what kind it is. */
export class Fault extends Error {}

/**
 * Holds what we made of some bytes against what nginx made of them.
 *
 * @param nginx undefined where there is none
 * @returns the category
 * @throws Fault
 */
export function judge(ours: Seen, nginx: Seen | undefined): string {
  if (ours.unreadable) throw new Fault('passed on what is no HTTP')
  const whole = ours.requests.filter(({ isWhole }) => isWhole)
  // One that is broken in its middle takes the answers of those before it along.
  if (ours.answers.length < whole.length) return 'cut short'
  if (nginx === undefined) return whole.length === 0 ? 'refused' : 'passed'
  // nginx waits for a whole body before it asks the app. Those of one connection may overtake each other.
  const theirs = nginx.requests.filter(({ isWhole }) => isWhole)
  const onlyOurs = without(whole, theirs)
  const onlyTheirs = without(theirs, whole)
  if (onlyOurs.length > 0 && onlyTheirs.length > 0) {
    throw new Fault(
      `read differently: ${JSON.stringify(onlyOurs)} where nginx read ${JSON.stringify(onlyTheirs)}`
    )
  }
  if (onlyOurs.length > 0) return 'laxer'
  if (onlyTheirs.length > 0) return 'stricter'
  return whole.length === 0 ? 'same: refused' : 'same: passed'
}

function without(requests: readonly Request[], others: readonly Request[]): string[] {
  const left = others.map(asRead)
  return requests.map(asRead).filter((one) => {
    const at = left.indexOf(one)
    if (at !== -1) left.splice(at, 1)
    return at === -1
  })
}

// What follows a number sign reaches no app by nginx, and is the app's to judge with us.
function asRead({ method, target, body }: Request): string {
  return `${method} ${target.split('#')[0]} ${body}`
}
