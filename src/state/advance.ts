import type { StateDocument } from './document.ts'
import { documentOf, type SharedState, type Step } from './shared-state.ts'
import { isExpired, isOverdue, opened, replaceDocuments } from './transitions.ts'
import { closureOf, covers, isRunning, type MaintenanceWindow, windowName } from './window.ts'

/**
 * The next thing that time alone does to a state; null when nothing is due. Call it again with what it made until
 * nothing is.
 *
 * A window that begins when another mode ends takes over from it without a moment of `live`.
 *
 * @param sites the sites of this process, on which windows begin
 * @param healthy a site that is known to be healthy now, which ends a mode that waits for that
 */
export function advance(
  state: SharedState,
  sites: readonly string[],
  nowMs: number,
  healthy?: string
): Step | null {
  const isOver = (document: StateDocument): boolean =>
    isExpired(document, nowMs) || (document.site === healthy && isRecovering(document, nowMs))

  const byTime = [...state.windows].sort((a, b) => (a.from < b.from ? -1 : 1))
  for (const window of byTime) {
    if (!isRunning(window, nowMs)) continue
    const waiting = sites.filter((site) => covers(window, site)).map((site) => documentOf(state, site, nowMs))
    const due = waiting.filter((document) => document.mode === 'live' || isOver(document))
    if (due.length > 0) {
      const documents = due.map((document) => begun(window, document, nowMs))
      return replaceDocuments(state, documents, 'window-begin', nowMs, { subject: window.id })
    }
  }
  const over = Object.values(state.sites).filter(isOver)
  if (over.length === 0) return null
  const documents = over.map((document) => opened(document, 'expiry', null, nowMs))
  return replaceDocuments(state, documents, 'expire', nowMs)
}

/** When something is due next, in milliseconds since the epoch; undefined when nothing is planned. */
export function nextDueMs(state: SharedState, sites: readonly string[], nowMs: number): number | undefined {
  if (advance(state, sites, nowMs) !== null) return nowMs
  const ends = Object.values(state.sites).map(({ mode, until }) => (mode === 'live' ? null : until))
  const times = [...ends, ...state.windows.map(({ from }) => from)]
    .map((time) => Date.parse(time ?? ''))
    .filter((ms) => ms > nowMs)
  return times.length === 0 ? undefined : Math.min(...times)
}

/** The sites whose time is over, and which wait for their upstream to be healthy. */
export function recoveringSites(state: SharedState, sites: readonly string[], nowMs: number): string[] {
  return sites.filter((site) => isRecovering(documentOf(state, site, nowMs), nowMs))
}

function isRecovering(document: StateDocument, nowMs: number): boolean {
  return document.onExpiry === 'leave-if-healthy' && isOverdue(document, nowMs)
}

/** The document of a site in which a window begins; its revision is still the old one. */
export function begun(window: MaintenanceWindow, document: StateDocument, nowMs: number): StateDocument {
  const { mode, until } = window
  return {
    ...document,
    ...closureOf(window),
    ...{ mode, until, by: windowName(window) },
    since: document.mode === mode ? document.since : new Date(nowMs).toISOString()
  }
}
