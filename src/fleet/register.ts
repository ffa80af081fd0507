/** The scripts as functions. What the answers mean is decided by who asks. */
import {
  type BeatAnswer,
  LARGEST_BODY_BYTES,
  list,
  oneOf,
  readBeat,
  readView,
  texts,
  type View
} from './answers.ts'
import type { Link } from './link.ts'
import { BEAT, BYE, CUT, channelOf, FORGET, HISTORY, RESTORE, SET, TOMB, VIEW } from './scripts.ts'
import type { Version } from './version.ts'

export interface BeatRequest {
  id: string
  leaseMs: number
  report: string
  /** The version that was seen last, whether it could be used or not; empty for none. */
  seen: string
  number: number
  sum: number
  missing: number
  /** What is held here, in force or not; undefined for nothing. */
  held: Entry | undefined
}

/** A document with its version, as members keep it. */
export interface Entry {
  version: Version
  isProvisional: boolean
  body: string
}

export interface Register {
  /** @returns null when this member was forgotten by an operator */
  beat(request: BeatRequest): Promise<BeatAnswer | null>
  /**
   * Compare-and-set. Asking again with the same version is harmless.
   *
   * @param change for the history; null for a change that nobody made
   * @returns whether it is stored now
   */
  set(next: Entry, expected: string, change: string | null): Promise<boolean>
  /** Puts a document back unless there is one that counts as much. @returns whether it did */
  restore(entry: Entry): Promise<boolean>
  tomb(ids: readonly string[]): Promise<void>
  bye(ids: readonly string[]): Promise<void>
  /**
   * @param change for the history
   * @returns whether there was such a member
   */
  forget(id: string, change: string): Promise<boolean>
  cut(version: string, what: string): Promise<void>
  view(seen: string): Promise<View>
  /** Newest first, as JSON. */
  history(): Promise<string[]>
}

export function createRegister(link: Link, fleet: string): Register {
  const channel = channelOf(fleet)
  const largest = String(LARGEST_BODY_BYTES)
  return {
    async beat({ id, leaseMs, report, seen, number, sum, missing, held }) {
      const holds = held === undefined ? ['', '', ''] : claimOf(held)
      const args = [id, leaseMs, report, seen, number, sum, missing, ...holds, largest]
      return link.run(BEAT, args.map(String), readBeat)
    },
    async set({ version, body }, expected, change) {
      const { epoch, revision, id } = version
      const args = [expected, epoch, String(revision), id, body, change ?? '', nowIso(), channel]
      return link.run(SET, args, (answer) => oneOf(list(answer)[0], 'ok', 'conflict'))
    },
    async restore(entry) {
      const [epoch, revision, provisional] = claimOf(entry)
      const args = [epoch, revision, entry.version.id, provisional, entry.body, nowIso(), channel]
      return link.run(RESTORE, args, (answer) => oneOf(answer, 1, 0))
    },
    async tomb(ids) {
      await link.run(TOMB, ids, (answer) => oneOf(answer, 1, 0))
    },
    async bye(ids) {
      await link.run(BYE, ids, (answer) => oneOf(answer, 1, 0))
    },
    async forget(id, change) {
      return link.run(FORGET, [id, change, channel], (answer) => oneOf(answer, 1, 0))
    },
    async cut(version, what) {
      await link.run(CUT, [version, what, channel], (answer) => oneOf(answer, 1, 0))
    },
    async view(seen) {
      return link.run(VIEW, [seen, largest], readView)
    },
    async history() {
      const lines = await link.run(HISTORY, [], texts)
      // In front of each is the id of its version.
      return lines.map((line) => line.slice(line.indexOf(' ') + 1))
    }
  }
}

function claimOf({ version, isProvisional }: Entry): [epoch: string, revision: string, provisional: string] {
  return [version.epoch, String(version.revision), isProvisional ? '1' : '0']
}

// For people who look with redis-cli. Nothing depends on it.
function nowIso(): string {
  return new Date().toISOString()
}
