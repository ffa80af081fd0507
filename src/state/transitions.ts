import { isDeepStrictEqual } from 'node:util'
import { parseDurationMs } from '../duration.ts'
import { InputError, IntermissionError } from '../errors.ts'
import type { OnExpiry, StateDocument } from './document.ts'
import { isPlainText, MESSAGE_LENGTH } from './document.ts'
import { INSTANT_ALLOWED, parseInstant } from './instant.ts'

/** What somebody who enters maintenance may say. A field that is null counts as not given. */
export interface EnterRequest {
  mode?: 'maintenance'
  /** What visitors are told, plain text, at most 2000 characters; newlines are kept. Default: the page's own words. */
  message?: string
  /** Why, for the operators. Default: none. */
  reason?: string
  /** When maintenance ends: a Date, or ISO 8601 with a zone, at most 366 days ahead. Default: open end. */
  until?: string | Date
  /** Instead of `until`: how long from now, such as `30m`, 1s to 366d. */
  for?: string
  /** Go back to live when the end has come, or stay until somebody leaves. Default: `leave`. */
  onExpiry?: OnExpiry
  /** What Retry-After says when there is no end, such as `2m`, at least 1s. Default: 120 seconds. */
  retryAfter?: string
  /** Who asks. Default: nobody in particular. */
  by?: string
  /** Refuse with ERR_STATE_CONFLICT unless the state is at this revision. Default: whatever it is. */
  ifRevision?: number
}

/** What somebody who leaves maintenance may say. A field that is null counts as not given. */
export interface LeaveRequest {
  /** Why, for the operators. Default: none. */
  reason?: string
  /** Who asks. Default: nobody in particular. */
  by?: string
  /** Refuse with ERR_STATE_CONFLICT unless the state is at this revision. Default: whatever it is. */
  ifRevision?: number
}

/** The fields of an {@link EnterRequest}; any other is refused by name. */
export const ENTER_FIELDS: ReadonlySet<string> = new Set([
  ...['mode', 'message', 'reason', 'until', 'for', 'onExpiry', 'retryAfter', 'by', 'ifRevision']
])
/** The fields of a {@link LeaveRequest}; any other is refused by name. */
export const LEAVE_FIELDS: ReadonlySet<string> = new Set(['reason', 'by', 'ifRevision'])

const LONGEST_MS = 366 * 86_400_000
const DEFAULT_RETRY_AFTER_SECONDS = 120

/**
 * The document after entering maintenance, or `current` itself when nothing would change.
 *
 * Entering again replaces what was said before, keeps `since`, and counts a `for` from now. A repeat that says exactly
 * the same, the end included, makes no new revision.
 *
 * @throws InputError that names the refused field; IntermissionError ERR_STATE_CONFLICT when `ifRevision` is stale
 */
export function enterMaintenance(
  current: StateDocument,
  request: EnterRequest,
  nowMs: number
): StateDocument {
  checkRequest(request, ENTER_FIELDS)
  if ((request.mode ?? 'maintenance') !== 'maintenance')
    throw new InputError('mode', request.mode, 'maintenance')
  const onExpiry = request.onExpiry ?? 'leave'
  if (onExpiry !== 'leave' && onExpiry !== 'stay') throw new InputError('onExpiry', onExpiry, 'leave or stay')
  const next: StateDocument = {
    site: current.site,
    mode: 'maintenance',
    revision: current.revision,
    since: current.mode === 'maintenance' ? current.since : new Date(nowMs).toISOString(),
    by: text('by', request.by),
    message: text('message', request.message),
    reason: text('reason', request.reason),
    until: end(request, nowMs),
    onExpiry,
    retryAfterSeconds:
      request.retryAfter == null ? null : Math.ceil(atLeast1s('retryAfter', request.retryAfter) / 1000),
    paths: []
  }
  checkRevision(current, request.ifRevision)
  if (isDeepStrictEqual(next, current)) return current
  return { ...next, revision: current.revision + 1 }
}

/**
 * The document after going back to live, or `current` itself when it is live already.
 *
 * @throws InputError that names the refused field; IntermissionError ERR_STATE_CONFLICT when `ifRevision` is stale
 */
export function leaveMaintenance(
  current: StateDocument,
  request: LeaveRequest,
  nowMs: number
): StateDocument {
  checkRequest(request, LEAVE_FIELDS)
  const by = text('by', request.by)
  const reason = text('reason', request.reason)
  checkRevision(current, request.ifRevision)
  if (current.mode === 'live') return current
  return {
    site: current.site,
    mode: 'live',
    revision: current.revision + 1,
    since: new Date(nowMs).toISOString(),
    by,
    message: null,
    reason,
    until: null,
    onExpiry: 'leave',
    retryAfterSeconds: null,
    paths: []
  }
}

/** Says whether the time of a maintenance is over and it should end by itself. */
export function isExpired(document: StateDocument, nowMs: number): boolean {
  const { mode, until, onExpiry } = document
  return mode === 'maintenance' && until !== null && onExpiry === 'leave' && Date.parse(until) <= nowMs
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

function checkRequest(request: object, fields: ReadonlySet<string>): void {
  for (const [field, value] of Object.entries(request)) {
    if (!fields.has(field)) throw new InputError(field, value, `one of the fields ${[...fields].join(', ')}`)
  }
}

function checkRevision(current: StateDocument, ifRevision: number | null | undefined): void {
  if (ifRevision == null) return
  if (!Number.isSafeInteger(ifRevision)) {
    throw new InputError('ifRevision', ifRevision, 'a whole number')
  }
  if (ifRevision === current.revision) return
  throw new IntermissionError(
    'ERR_STATE_CONFLICT',
    `site ${current.site} is at revision ${current.revision}, not ${ifRevision}: somebody else changed it`
  )
}

function text(field: string, value: unknown): string | null {
  if (value === undefined || value === null) return null
  if (isPlainText(value)) return value
  const allowed = `text of at most ${MESSAGE_LENGTH} characters without control characters other than newline`
  throw new InputError(field, value, allowed)
}

function end(request: EnterRequest, nowMs: number): string | null {
  const { until, for: length } = request
  if (length != null && until != null) throw new InputError('until', until, 'either until or for, not both')
  if (length != null) return new Date(nowMs + atLeast1s('for', length)).toISOString()
  if (until == null) return null
  const ms = until instanceof Date ? until.getTime() : parseInstant(until)
  if (ms === undefined || Number.isNaN(ms)) throw new InputError('until', until, INSTANT_ALLOWED)
  if (ms <= nowMs) throw new InputError('until', until, 'a time in the future')
  if (ms > nowMs + LONGEST_MS) throw new InputError('until', until, 'a time at most 366d ahead')
  return new Date(ms).toISOString()
}

function atLeast1s(field: string, value: unknown): number {
  const ms = parseDurationMs(value, field)
  if (ms < 1000) throw new InputError(field, value, 'a duration of at least 1s')
  return ms
}
