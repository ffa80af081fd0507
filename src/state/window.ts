import { CLOSED_MODES, type ClosedMode, type Closure, parseClosure, SITE_LENGTH } from './document.ts'
import { readFields } from './fields.ts'

/** A mode that is planned for a time. */
export interface MaintenanceWindow extends Closure {
  /** What it is called when it is taken out of the plan. */
  id: string
  /** Null: every site. */
  site: string | null
  /** The mode that begins. */
  mode: ClosedMode
  /** When it begins and ends, ISO 8601 in UTC. */
  from: string
  /** When it ends, ISO 8601 in UTC. */
  until: string
  /** Who planned it. */
  by: string | null
  /** When it was planned, ISO 8601 in UTC. */
  addedAt: string
  /** Sites whose operator has left during its time: it is over for them. */
  leftSites: string[]
}

export const MOST_WINDOWS = 100

export function parseWindow(value: unknown, origin: string): MaintenanceWindow {
  const fields = readFields(value, origin, 'a maintenance window')
  const mode = fields.oneOf('mode', CLOSED_MODES)
  const window: MaintenanceWindow = {
    id: fields.name('id', 50),
    site: fields.orNull('site', (field) => fields.name(field, SITE_LENGTH)),
    mode,
    from: fields.instant('from'),
    until: fields.instant('until'),
    by: fields.text('by'),
    addedAt: fields.instant('addedAt'),
    leftSites: fields.texts('leftSites', 1000),
    ...parseClosure(fields, mode)
  }
  if (window.from >= window.until) fields.refuse('until', 'a time after from')
  return window
}

export function isRunning({ from, until }: MaintenanceWindow, nowMs: number): boolean {
  return Date.parse(from) <= nowMs && nowMs < Date.parse(until)
}

/** Says whether a window is meant for a site, and no operator has ended it there. */
export function covers(window: MaintenanceWindow, site: string): boolean {
  return (window.site === null || window.site === site) && !window.leftSites.includes(site)
}

/** What a window says about the mode, without when and where. */
export function closureOf(window: MaintenanceWindow): Closure {
  const { message, reason, onExpiry, retryAfterSeconds, paths, exceptPaths, maxWaitMs } = window
  return { message, reason, onExpiry, retryAfterSeconds, paths, exceptPaths, maxWaitMs }
}

/** Who has made the document of a site in a window. */
export function windowName({ id }: MaintenanceWindow): string {
  return `window ${id}`
}

/**
 * A window that operators have ended on some sites; nothing when no site is left.
 *
 * @param allSites every site of this process
 */
export function endedOn(
  window: MaintenanceWindow,
  sites: readonly string[],
  allSites: readonly string[]
): MaintenanceWindow[] {
  const ended = sites.filter((site) => covers(window, site))
  if (ended.length === 0) return [window]
  const next = { ...window, leftSites: [...window.leftSites, ...ended] }
  return allSites.some((site) => covers(next, site)) ? [next] : []
}
