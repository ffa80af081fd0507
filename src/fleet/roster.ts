import type { RosterNews } from './answers.ts'

/**
 * Whom this member knows to be in the fleet. When the store loses data, members that are cut off from it vanish there
 * and go on forwarding requests; whoever knew them puts them back, so that nobody takes their absence for an end.
 */
export interface Roster {
  /** For the next beat: up to which number everything is known, and the checksum of that. */
  readonly number: number
  readonly sum: number
  /** Known here, lost there. */
  readonly missing: readonly string[]
  /** All that are known, for the disk. */
  readonly ids: readonly string[]
  /**
   * @returns whom the registry has again although they have ended, and whether anything is new here
   */
  learn(news: RosterNews): { reappeared: string[]; isChanged: boolean }
}

export interface SavedRoster {
  number: number
  ids: readonly string[]
}

const MODULUS = 2 ** 52
const MOST_DEPARTED = 10_000

export function createRoster(saved: SavedRoster = { number: 0, ids: [] }): Roster {
  let number = saved.number
  let present = new Set(saved.ids)
  let sum = sumOf(present)
  const missing = new Set<string>()
  const departed = new Set<string>()

  return {
    get number() {
      return number
    },
    get sum() {
      return sum
    },
    get missing() {
      return [...missing]
    },
    get ids() {
      return [...present, ...missing]
    },
    learn(news) {
      const before = number
      number = news.number
      // Names are never used again: whoever is here once more was put back by somebody who did not know.
      const reappeared = news.came.filter((id) => departed.has(id))
      if (news.isIntact) {
        for (const id of news.came) see(id)
        for (const id of news.gone) depart(id)
        if (news.came.length + news.gone.length > 0) sum = sumOf(present)
        return { reappeared, isChanged: number !== before }
      }
      const known = [...present, ...missing]
      present = new Set()
      for (const id of news.gone) depart(id)
      for (const id of known) if (!departed.has(id)) missing.add(id)
      for (const id of news.came) see(id)
      sum = sumOf(present)
      return { reappeared, isChanged: true }
    }
  }

  function see(id: string): void {
    present.add(id)
    missing.delete(id)
  }

  function depart(id: string): void {
    present.delete(id)
    missing.delete(id)
    departed.add(id)
    if (departed.size > MOST_DEPARTED) departed.delete(departed.values().next().value as string)
  }
}

/** As the scripts reckon it: the random parts of the names, modulo 2^52. */
function sumOf(ids: Iterable<string>): number {
  let sum = 0
  for (const id of ids) sum = (sum + (Number.parseInt(id.slice(-13), 16) || 0)) % MODULUS
  return sum
}
