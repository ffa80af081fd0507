import { isDeepStrictEqual } from 'node:util'
import { InputError, notFound } from '../errors.ts'
import { type Change, createChange } from './history.ts'
import {
  CHANGE_FIELDS,
  type ChangeRequest,
  CLOSURE_FIELDS,
  type ClosureRequest,
  checkFields,
  checkRevision,
  readClosure,
  readEnd,
  readInstant,
  readText
} from './request.ts'
import { nextState, type SharedState, type Step } from './shared-state.ts'
import { opened } from './transitions.ts'
import { covers, type MaintenanceWindow, MOST_WINDOWS, windowName } from './window.ts'

/** What somebody who plans a mode may say: as for entering it, and when it begins. It must have an end. */
export interface WindowRequest extends ClosureRequest {
  /** When it begins: a Date, or ISO 8601 with a zone, not in the past and at most 366 days ahead. */
  from: string | Date
  /** Default: every site. */
  site?: string
}

const WINDOW_FIELDS: ReadonlySet<string> = new Set([...CLOSURE_FIELDS, 'from', 'site'])
// The clock of whoever asks may be behind, and a request takes its time.
const PAST_MS = 60_000

/** The window that begins next on a site; null when none is planned. */
export function nextWindow(state: SharedState, site: string, nowMs: number): MaintenanceWindow | null {
  const coming = state.windows.filter((window) => covers(window, site) && Date.parse(window.from) > nowMs)
  return coming.sort((a, b) => (a.from < b.from ? -1 : 1))[0] ?? null
}

/**
 * Plans a window. One that is there already, with all that is said, is not planned twice.
 *
 * @param id the name of the new window
 * @returns the step, and the window that is planned then
 * @throws InputError that names the refused field, and the other window when they overlap; ERR_STATE_CONFLICT
 */
export function addWindow(
  state: SharedState,
  id: string,
  request: WindowRequest,
  nowMs: number
): { step: Step | null; window: MaintenanceWindow } {
  checkFields(request, WINDOW_FIELDS)
  const fromMs = readInstant('from', request.from, nowMs)
  if (fromMs < nowMs - PAST_MS) throw new InputError('from', request.from, 'a time that is not past')
  const until = readEnd(request, fromMs, nowMs)
  if (until === null) throw new InputError('until', request.until, 'the end of the window, by until or for')
  if (Date.parse(until) <= nowMs) throw new InputError('until', request.until, 'a time in the future')
  const from = new Date(fromMs).toISOString()
  const window: MaintenanceWindow = {
    ...{ id, site: request.site ?? null, from, until, by: readText('by', request.by) },
    ...readClosure(request),
    ...{ addedAt: new Date(nowMs).toISOString(), leftSites: [] }
  }
  checkRevision('the state', state.revision, request.ifRevision)
  const same = state.windows.find(({ id: _, addedAt, leftSites, ...said }) =>
    isDeepStrictEqual({ ...said, id, addedAt: window.addedAt, leftSites: [] }, window)
  )
  if (same) return { step: null, window: same }
  const other = state.windows.find((each) => Date.parse(each.until) > nowMs && overlap(each, window))
  if (other) {
    const allowed = `a time outside window ${other.id}, ${other.from} to ${other.until}`
    throw new InputError('from', request.from, allowed)
  }
  const next = nextState(state, { windows: [...state.windows, window] }, nowMs)
  if (next.windows.length > MOST_WINDOWS)
    throw new InputError('from', request.from, `at most ${MOST_WINDOWS} windows`)
  return { step: { state: next, change: recordOf(next, window, 'window-add', {}, nowMs) }, window }
}

/**
 * Takes a window out of the plan. One that is running ends with it: the sites that it holds go live.
 *
 * @throws InputError that names the refused field; IntermissionError ERR_NOT_FOUND, ERR_STATE_CONFLICT
 */
export function removeWindow(
  state: SharedState,
  id: string,
  request: ChangeRequest,
  nowMs: number
): { step: Step; window: MaintenanceWindow } {
  checkFields(request, CHANGE_FIELDS)
  const by = readText('by', request.by)
  const reason = readText('reason', request.reason)
  checkRevision('the state', state.revision, request.ifRevision)
  const window = state.windows.find((each) => each.id === id && Date.parse(each.until) > nowMs)
  if (!window) throw notFound('window', id)
  const held = Object.values(state.sites).filter(
    (document) => document.mode !== 'live' && document.by === windowName(window)
  )
  const documents = held.map((document) => opened(document, by, reason, nowMs))
  const windows = state.windows.filter((each) => each !== window)
  const next = nextState(state, { windows, documents }, nowMs)
  const sites = held.length > 0 ? { sites: held.map(({ site }) => site) } : {}
  const change = recordOf(next, window, 'window-remove', { by, reason, ...sites }, nowMs)
  return { step: { state: next, change }, window }
}

function recordOf(
  next: SharedState,
  window: MaintenanceWindow,
  action: 'window-add' | 'window-remove',
  more: Partial<Change>,
  nowMs: number
): Change {
  const { id, site, mode, by, reason, message, until } = window
  const said = { subject: id, sites: site === null ? [] : [site], mode, by, reason, message, until }
  return createChange({ ...said, ...more, revision: next.revision, action }, nowMs)
}

function overlap(old: MaintenanceWindow, added: MaintenanceWindow): boolean {
  const isForSame = added.site === null || covers(old, added.site)
  return isForSame && old.from < added.until && added.from < old.until
}
