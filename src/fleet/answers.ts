/** What the scripts answer. Anything else is of another's making, and nothing of it may be believed. */
import { REPORT } from './scripts.ts'

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
  /** Since when the registry has been on this server, or in this life of it. */
  bornMs: number
  /** Whether it counts as a beat. It does not where something is lost that the asker knows. */
  counts: boolean
  document: FoundDocument
  roster: RosterNews
  /** How many other members there are, dead ones too. */
  others: number
  /** End of the lease of the other who has not beaten for longest, among those of the last minute; null without any. */
  longestLeaseMs: number | null
  /** End of the lease of the other who has beaten last; null without any. */
  lastLeaseMs: number | null
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
  /** As in a {@link BeatAnswer}. */
  bornMs: number
  document: FoundDocument
  members: MemberEntry[]
}

/** @returns null for a member that was forgotten */
export function readBeat(answer: unknown): BeatAnswer | null {
  const [word, nowMs, bornMs, counts, document, intact, last, came, gone, others, longest, latest] =
    list(answer)
  if (word === 'forgotten') return null
  if (word !== 'ok') return refuse(word)
  return {
    nowMs: count(nowMs),
    bornMs: count(bornMs),
    counts: oneOf(counts, 1, 0),
    document: readDocument(document),
    roster: { isIntact: intact === 1, number: count(last), came: texts(came), gone: texts(gone) },
    others: count(others),
    longestLeaseMs: longest === '' ? null : count(longest),
    lastLeaseMs: latest === '' ? null : count(latest)
  }
}

export function readView(answer: unknown): View {
  const [nowMs, bornMs, document, mem, leases, roster] = list(answer)
  const ends = new Map(pairs(leases))
  const reports = new Map(pairs(mem))
  // Who is known and has no report is as one that others have told of.
  for (const id of texts(roster)) if (!reports.has(id)) reports.set(id, REPORT.tombstone)
  return {
    nowMs: count(nowMs),
    bornMs: count(bornMs),
    document: readDocument(document),
    members: [...reports].map(([id, value]) => ({
      id,
      report: value.startsWith(REPORT.tombstone) ? null : value.slice(1),
      isBelieved: value.startsWith(REPORT.believed),
      leaseEndMs: count(ends.get(id) ?? 0)
    }))
  }
}

/** @returns whether it is the first of the two */
export function oneOf(value: unknown, yes: unknown, no: unknown): boolean {
  return value === yes || (value === no ? false : refuse(value))
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : refuse(value)
}

export function texts(value: unknown): string[] {
  return list(value).map((each) => (typeof each === 'string' ? each : refuse(each)))
}

function pairs(value: unknown): [string, string][] {
  const flat = texts(value)
  return Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at]!, flat[2 * at + 1]!])
}

function readDocument(value: unknown): FoundDocument {
  const [version, provisional, cut, sizeBytes, body] = list(value)
  const [versionText, provisionalText, cutText] = texts([version, provisional, cut])
  return {
    version: versionText!,
    isProvisional: provisionalText === '1',
    cut: cutText!,
    sizeBytes: count(sizeBytes),
    body: body === null ? null : texts([body])[0]!
  }
}

function count(value: unknown): number {
  const number = typeof value === 'number' || (typeof value === 'string' && value !== '') ? Number(value) : -1
  return number >= 0 ? number : refuse(value)
}

function refuse(value: unknown): never {
  throw new Error(`its answer is none of our scripts': ${JSON.stringify(value)?.slice(0, 80)}`)
}
