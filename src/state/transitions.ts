import { isDeepStrictEqual } from 'node:util'
import { initialDocument, OPEN, type StateDocument } from './document.ts'
import { createChange } from './history.ts'
import {
  type ChangeRequest,
  checkFields,
  checkRevision,
  ENTER_FIELDS,
  type EnterRequest,
  LEAVE_FIELDS,
  type LeaveRequest,
  readClosure,
  readEnd,
  readText
} from './request.ts'
import { documentOf, nextState, type SharedState, type Step } from './shared-state.ts'
import { endedOn, isRunning, type MaintenanceWindow, windowName } from './window.ts'

const DEFAULT_RETRY_AFTER_SECONDS = 120

/**
 * Closes sites, or changes what is said while they are closed; null when nothing would change. All of them in one step,
 * and from one mode to another without a moment of `live`.
 *
 * Entering again replaces what was said before, keeps `since` where the mode stays, and counts a `for` from now. A
 * repeat that says exactly the same, the end included, changes nothing.
 *
 * @throws InputError that names the refused field; IntermissionError ERR_STATE_CONFLICT when `ifRevision` is stale
 */
export function enterSites(
  state: SharedState,
  sites: readonly string[],
  request: EnterRequest,
  nowMs: number
): Step | null {
  checkFields(request, ENTER_FIELDS)
  const closure = readClosure(request)
  const by = readText('by', request.by)
  const until = readEnd(request, nowMs, nowMs)
  const before = documentsOf(state, sites, request, nowMs)
  const after = before.map((document) => ({
    ...{ ...document, ...closure, by, until },
    since: document.mode === closure.mode ? document.since : new Date(nowMs).toISOString()
  }))
  const changed = after.filter((document, n) => !isDeepStrictEqual(document, before[n]))
  if (changed.length === 0) return null
  return replaceDocuments(state, changed, 'enter', nowMs)
}

/**
 * Opens sites; null when they are live already. Windows that are running there are over for them: the operator decided.
 *
 * @param allSites every site of this process
 * @throws InputError that names the refused field; IntermissionError ERR_STATE_CONFLICT when `ifRevision` is stale
 */
export function leaveSites(
  state: SharedState,
  sites: readonly string[],
  allSites: readonly string[],
  request: LeaveRequest,
  nowMs: number
): Step | null {
  checkFields(request, LEAVE_FIELDS)
  const by = readText('by', request.by)
  const reason = readText('reason', request.reason)
  const closed = documentsOf(state, sites, request, nowMs).filter(({ mode }) => mode !== 'live')
  if (closed.length === 0) return null
  const documents = closed.map((document) => opened(document, by, reason, nowMs))
  const windows = state.windows.flatMap((window) => {
    // One that a process with a faster clock has begun is running too, on the sites that it holds.
    const held = closed.filter((document) => document.by === windowName(window)).map(({ site }) => site)
    return endedOn(window, isRunning(window, nowMs) ? sites : held, allSites)
  })
  return replaceDocuments(state, documents, 'leave', nowMs, { windows })
}

/** The document of a site that has just gone live; its revision is still the old one. */
export function opened(
  { site, revision }: StateDocument,
  by: string | null,
  reason: string | null,
  nowMs: number
): StateDocument {
  return { ...initialDocument(site, nowMs), ...OPEN, paths: [], exceptPaths: [], revision, by, reason }
}

/** Puts documents into a state, and records that as the change that the first of them tells. */
export function replaceDocuments(
  state: SharedState,
  documents: readonly StateDocument[],
  action: 'enter' | 'leave' | 'expire' | 'window-begin',
  nowMs: number,
  more: { windows?: MaintenanceWindow[]; subject?: string } = {}
): Step {
  const { subject = null, ...replacement } = more
  const next = nextState(state, { documents, ...replacement }, nowMs)
  const { mode, by, reason, message, until } = documents[0] as StateDocument
  const sites = documents.map(({ site }) => site)
  const said = { mode, by, reason, message, until, sites, subject }
  return { state: next, change: createChange({ ...said, revision: next.revision, action }, nowMs) }
}

/** Says whether a document's time is over while its mode goes on. */
export function isOverdue({ mode, until }: StateDocument, nowMs: number): boolean {
  return mode !== 'live' && until !== null && Date.parse(until) <= nowMs
}

/** Says whether the time of a mode is over and it should end by itself. */
export function isExpired(document: StateDocument, nowMs: number): boolean {
  return document.onExpiry === 'leave' && isOverdue(document, nowMs)
}

/**
 * Whole seconds for Retry-After (RFC 9110 section 10.2.3): counted down from `until` and at least 1, else what the
 * document says, else 120. An end that has passed while the mode stays says nothing any more.
 */
export function retryAfterSeconds(document: StateDocument, nowMs: number): number {
  const leftMs = document.until === null ? undefined : Date.parse(document.until) - nowMs
  if (leftMs !== undefined && (leftMs > 0 || document.onExpiry === 'leave'))
    return Math.max(1, Math.ceil(leftMs / 1000))
  return document.retryAfterSeconds ?? DEFAULT_RETRY_AFTER_SECONDS
}

// Of several sites, a request that insists on a revision means the highest of them.
function documentsOf(
  state: SharedState,
  sites: readonly string[],
  { ifRevision }: ChangeRequest,
  nowMs: number
): StateDocument[] {
  const documents = sites.map((site) => documentOf(state, site, nowMs))
  const revision = Math.max(...documents.map((document) => document.revision))
  checkRevision(sites.length === 1 ? `site ${sites[0]}` : 'the newest of the sites', revision, ifRevision)
  return documents
}
