import type { MemberEntry, View } from './answers.ts'
import { isLostAt } from './assess.ts'
import { parseReport } from './report.ts'
import { parseVersion } from './version.ts'

/** A member of the fleet, as it is shown to operators. */
export interface MemberInfo {
  id: string
  host: string
  /** Version of the software; `unknown` when it has never been heard. */
  version: string
  isSelf: boolean
  /** `lost`: nothing is heard of it, so it may still forward requests. */
  state: 'live' | 'lost' | 'stopping'
  /** The shared revision that is in force there; 0 when none is known to be. */
  revision: number
  /** Whether it has said that nothing is left there from before that. */
  drained: boolean
  inFlight: number
  abandoned: number
  /** ISO 8601 in UTC, on the clock of the store; null when it has never been heard. */
  lastSeenAt: string | null
  /** Processes that serve there. */
  workers: number
  /** Why it does not take the document in the store; null when it does. */
  refused: string | null
}

/** @param leaseMs how long a beat counts */
export function listMembers({ members, nowMs }: View, selfId: string, leaseMs: number): MemberInfo[] {
  return members
    .map((entry) => describe(entry, nowMs, selfId, leaseMs))
    .sort((one, other) => (one.id < other.id ? -1 : 1))
}

function describe(entry: MemberEntry, nowMs: number, selfId: string, leaseMs: number): MemberInfo {
  const { id, leaseEndMs } = entry
  const report = entry.report === null ? undefined : parseReport(entry.report)
  const sites = Object.values(report?.sites ?? {})
  return {
    id,
    host: report?.host ?? hostOf(id),
    version: report?.software ?? 'unknown',
    isSelf: id === selfId,
    state: isLostAt(entry, nowMs) ? 'lost' : report?.isStopping ? 'stopping' : 'live',
    revision: parseVersion(report?.applied ?? '')?.revision ?? 0,
    drained:
      report !== undefined &&
      (sites.length > 0
        ? sites.every(({ drained }) => drained)
        : report.inFlight + (report.abandoned ?? 0) === 0),
    inFlight: report?.inFlight ?? 0,
    abandoned: report?.abandoned ?? 0,
    lastSeenAt: report === undefined ? null : new Date(leaseEndMs - leaseMs).toISOString(),
    workers: report?.workers ?? 0,
    refused: report?.refused ?? null
  }
}

/** A name that no other process ever has: its end is random, and what checksums are made of. */
export function createMemberId(host: string, pid: number, random: string): string {
  const name = host.replace(/[^A-Za-z0-9.-]/g, '-').slice(0, 63)
  return `${name === '' ? 'host' : name}-${pid}-${random}`
}

/** The host in a name that {@link createMemberId} has made. */
export function hostOf(id: string): string {
  return id.replace(/-\d+-[0-9a-f]+$/, '')
}
