import type { WaitOutcome, WaitQuery } from '../state/barrier.ts'
import type { SharedState } from '../state/shared-state.ts'
import type { MemberEntry, View } from './answers.ts'
import { isGrown } from './joining.ts'
import { parseReport, type SiteReport } from './report.ts'
import type { Timing } from './timing.ts'
import { parseVersion } from './version.ts'

/** What the one who waits knows besides the registry. */
export interface Waiter {
  id: string
  /** The version of the document that is in force here, and what it says. */
  version: string
  state: SharedState
  timing: Timing
  /** How long this member has been seen to be lost, in milliseconds on a clock of our own. */
  lostForMs(id: string): number
}

export interface Assessment extends WaitOutcome {
  /** Whether everybody who is alive has done what is wanted, so that only those who are lost are in the way. */
  onlyLostLeft: boolean
}

/** How much longer than a lease a member that fences itself is waited for: timers are late at times. */
const MARGIN_MS = 1000

/**
 * Judges one look at the registry. `complete` is said only when every member that anybody knows has reported it; it is
 * never concluded from silence, unless a member has promised to let nobody through while it hears nothing.
 */
export function assess(view: View, query: WaitQuery, waiter: Waiter): Assessment {
  const { revision, sites, want } = query
  const { state, timing } = waiter
  const lost: string[] = []
  const left: SiteReport[] = []
  let waitingFor = 0
  let applied = 0
  let drained = 0
  for (const entry of view.members) {
    const report = entry.report === null ? undefined : parseReport(entry.report)
    const isLost = isLostAt(entry, view.nowMs)
    if (isLost) lost.push(entry.id)
    else
      left.push(
        ...sites.flatMap((site) => aged(report?.sites[site], view.nowMs - entry.leaseEndMs + timing.leaseMs))
      )
    const fencedForMs =
      isLost && report?.fences === true ? waiter.lostForMs(entry.id) - timing.leaseMs - MARGIN_MS : 0
    const isFenced = fencedForMs > 0
    const hasApplied = isFenced || (!isLost && entry.isBelieved && report?.applied === waiter.version)
    const hasDrained =
      hasApplied &&
      (isFenced
        ? fencedForMs > timing.abandonedMs
        : sites.every((site) => report?.sites[site]?.drained !== false))
    if (hasApplied) applied++
    if (hasDrained) drained++
    if (!(want === 'drained' ? hasDrained : hasApplied) && !isLost) waitingFor++
  }
  const members = view.members.length
  const ages = left.flatMap(({ oldestMs }) => oldestMs ?? [])
  const isSuperseded = sites.some((site) => (state.sites[site]?.revision ?? 0) > revision)
  const isCurrent =
    view.document.version === waiter.version && (parseVersion(waiter.version)?.revision ?? -1) >= revision
  const isRegistered = view.members.some(({ id }) => id === waiter.id)
  // A registry that has just begun may not have heard of everybody yet.
  const isProven =
    isCurrent && isGrown(view, timing) && isRegistered && (want === 'drained' ? drained : applied) === members
  return {
    outcome: isSuperseded ? 'superseded' : isProven ? 'complete' : 'not-proven',
    members,
    applied,
    drained,
    inFlight: left.reduce((sum, { inFlight }) => sum + inFlight, 0),
    abandoned: left.reduce((sum, { abandoned = 0 }) => sum + abandoned, 0),
    oldestMs: ages.length === 0 ? null : Math.max(...ages),
    lost,
    onlyLostLeft: isCurrent && isRegistered && waitingFor === 0 && lost.length > 0
  }
}

export function isLostAt({ leaseEndMs }: MemberEntry, nowMs: number): boolean {
  return leaseEndMs <= nowMs
}

// What a report says was so when its beat came.
function aged(report: SiteReport | undefined, sinceMs: number): SiteReport[] {
  if (report === undefined) return []
  return [{ ...report, oldestMs: report.oldestMs === null ? null : report.oldestMs + sinceMs }]
}
