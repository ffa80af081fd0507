/** The scripts as functions. What the answers mean is decided by who asks. */
import type { Link } from './link.ts'
import { BEAT, BYE, CUT, channelOf, FORGET, HISTORY, REPORT, RESTORE, SET, TOMB, VIEW } from './scripts.ts'
import type { Version } from './version.ts'

/** Larger bodies are neither written nor read. */
export const LARGEST_BODY_BYTES = 256 * 1024

/** The document as it was found. Nothing of it has been checked. */
export interface FoundDocument {
  /** Empty when there is none. */
  version: string
  isProvisional: boolean
  /** What members are told to cut, as JSON; empty for nothing. */
  cut: string
  sizeBytes: number
  /** Null when the asker has it already, and when it is larger than {@link LARGEST_BODY_BYTES}. */
  body: string | null
}

/** What has come and gone in the roster. */
export interface RosterNews {
  /** Whether the registry still had everybody whom the asker knew. If not, `came` and `gone` are all there are. */
  isIntact: boolean
  number: number
  came: string[]
  gone: string[]
}

export interface BeatAnswer {
  nowMs: number
  bornMs: number
  document: FoundDocument
  roster: RosterNews
  /** How many other members there are, dead ones too. */
  others: number
  /** End of the lease of the other who has not beaten for longest, among those of the last minute; null without any. */
  longestLeaseMs: number | null
  /** End of the lease of the other who has beaten last; null without any. */
  lastLeaseMs: number | null
}

export interface BeatRequest {
  id: string
  leaseMs: number
  report: string
  /** The version that was seen last, whether it could be used or not; empty for none. */
  seen: string
  number: number
  sum: number
  missing: number
}

/** A document with its version, as members keep it. */
export interface Entry {
  version: Version
  isProvisional: boolean
  body: string
}

export interface MemberEntry {
  id: string
  /** Null for a tombstone: others say that it was there. */
  report: string | null
  isBelieved: boolean
  leaseEndMs: number
}

export interface View {
  nowMs: number
  bornMs: number
  document: FoundDocument
  members: MemberEntry[]
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
  /** @returns whether there was such a member */
  forget(id: string): Promise<boolean>
  cut(version: string, what: string): Promise<void>
  view(seen: string): Promise<View>
  /** Newest first, as JSON. */
  history(): Promise<string[]>
}

export function createRegister(link: Link, fleet: string): Register {
  const channel = channelOf(fleet)
  const largest = String(LARGEST_BODY_BYTES)
  return {
    async beat({ id, leaseMs, report, seen, number, sum, missing }) {
      const args = [id, leaseMs, report, seen, number, sum, missing, largest]
      const answer = (await link.run(BEAT, args.map(String))) as unknown[]
      if (answer[0] === 'forgotten') return null
      const [, nowMs, bornMs, document, intact, last, came, gone, others, longest, latest] = answer
      return {
        nowMs: Number(nowMs),
        bornMs: Number(bornMs),
        document: readDocument(document),
        roster: { isIntact: intact === 1, number: Number(last), came: texts(came), gone: texts(gone) },
        others: Number(others),
        longestLeaseMs: longest === '' ? null : Number(longest),
        lastLeaseMs: latest === '' ? null : Number(latest)
      }
    },
    async set({ version, body }, expected, change) {
      const { epoch, revision, id } = version
      const args = [expected, epoch, String(revision), id, body, change ?? '', nowIso(), channel]
      return ((await link.run(SET, args)) as string[])[0] === 'ok'
    },
    async restore({ version, isProvisional, body }) {
      const { epoch, revision, id } = version
      const args = [epoch, String(revision), id, isProvisional ? '1' : '0', body, nowIso(), channel]
      return (await link.run(RESTORE, args)) === 1
    },
    async tomb(ids) {
      await link.run(TOMB, ids)
    },
    async bye(ids) {
      await link.run(BYE, ids)
    },
    async forget(id) {
      return (await link.run(FORGET, [id])) === 1
    },
    async cut(version, what) {
      await link.run(CUT, [version, what, channel])
    },
    async view(seen) {
      const [nowMs, bornMs, document, mem, leases] = (await link.run(VIEW, [seen, largest])) as unknown[]
      const ends = new Map(pairs(leases))
      return {
        nowMs: Number(nowMs),
        bornMs: Number(bornMs),
        document: readDocument(document),
        members: pairs(mem).map(([id, value]) => ({
          id,
          report: value.startsWith(REPORT.tombstone) ? null : value.slice(1),
          isBelieved: value.startsWith(REPORT.believed),
          leaseEndMs: Number(ends.get(id) ?? 0)
        }))
      }
    },
    async history() {
      const lines = texts(await link.run(HISTORY, []))
      // In front of each is the id of its version.
      return lines.map((line) => line.slice(line.indexOf(' ') + 1))
    }
  }
}

function readDocument(found: unknown): FoundDocument {
  const [version, provisional, cut, sizeBytes, body] = found as [
    string,
    string,
    string,
    number,
    string | null
  ]
  return { version, isProvisional: provisional === '1', cut, sizeBytes, body }
}

function texts(list: unknown): string[] {
  return list as string[]
}

function pairs(flat: unknown): [string, string][] {
  const list = texts(flat)
  return Array.from({ length: list.length / 2 }, (_, at) => [list[2 * at]!, list[2 * at + 1]!])
}

// For people who look with redis-cli. Nothing depends on it.
function nowIso(): string {
  return new Date().toISOString()
}
