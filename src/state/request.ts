import { parseDurationMs } from '../duration.ts'
import { InputError, IntermissionError } from '../errors.ts'
import { isPathRule, PATH_RULE_ALLOWED } from '../path-rule.ts'
import {
  CLOSED_MODES,
  type ClosedMode,
  type Closure,
  DEFAULT_MAX_WAIT_MS,
  MOST_PATHS,
  ON_EXPIRY,
  type OnExpiry
} from './document.ts'
import { isPlainText, MESSAGE_LENGTH } from './fields.ts'
import { INSTANT_ALLOWED, parseInstant } from './instant.ts'

/** What every change may say. A field that is null counts as not given. */
export interface ChangeRequest {
  /** Why, for the operators. Default: none. */
  reason?: string
  /** Who asks. Default: nobody in particular. */
  by?: string
  /** Refuse with ERR_STATE_CONFLICT unless what is changed is at this revision. Default: whatever it is. */
  ifRevision?: number
}

/** What somebody says who closes a site, or plans to. A field that is null counts as not given. */
export interface ClosureRequest extends ChangeRequest {
  /** Default: `maintenance`. */
  mode?: ClosedMode
  /** What visitors are told, plain text, at most 2000 characters; newlines are kept. Default: the page's own words. */
  message?: string
  /** When the mode ends: a Date, or ISO 8601 with a zone, at most 366 days ahead. Default: open end. */
  until?: string | Date
  /** Instead of `until`: how long, such as `30m`, 1s to 366d. */
  for?: string
  /** At the end go back to live, stay until somebody leaves, or go back once the site is healthy. Default: `leave`. */
  onExpiry?: OnExpiry
  /** What Retry-After says when there is no end, such as `2m`, at least 1s. Default: 120 seconds. */
  retryAfter?: string
  /** Close only these paths: exact, or `/prefix/*`; at most 100. Default: all. */
  paths?: string[]
  /** Keep these paths open, in the same form. Default: none. */
  exceptPaths?: string[]
  /** How long a held request waits, at most 1h; only with mode `hold`. Default: 30s. */
  maxWait?: string
}

/** What a change waits for: nothing, that it is in force everywhere, or that what was handed to the app before is over. */
export type Want = 'applied' | 'drained' | 'none'

/** What somebody who enters a mode may say. A field that is null counts as not given. */
export interface EnterRequest extends ClosureRequest {
  /** What to wait for. Default: `applied`. */
  wait?: Want
  /** How long to wait at most, up to 24h. Default: 60s. */
  timeout?: string
  /** At the end of that time, cut what is still in flight. Default: false. */
  force?: boolean
}

/** What somebody says whose work needs a closed site. */
export interface DuringRequest extends EnterRequest {
  /** What becomes of the mode when the work fails: back to live, or it stays for somebody to look. Default: `leave`. */
  onError?: 'leave' | 'stay'
}

/** What somebody who leaves may say. A field that is null counts as not given. */
export interface LeaveRequest extends ChangeRequest {
  /** What to wait for. Default: `applied`. */
  wait?: 'applied' | 'none'
  /** How long to wait at most, up to 24h. Default: 60s. */
  timeout?: string
}

/** What to wait for, and how long. */
export interface Waiting {
  want: Want
  timeoutMs: number
  force: boolean
}

const CHANGE = ['reason', 'by', 'ifRevision'] as const
const CLOSURE = [
  ...['mode', 'message', 'until', 'for', 'onExpiry', 'retryAfter', 'paths', 'exceptPaths', 'maxWait'],
  ...CHANGE
] as const

/** The fields of a {@link ClosureRequest}. */
export const CLOSURE_FIELDS: ReadonlySet<string> = new Set(CLOSURE)
/** The fields of an {@link EnterRequest}; any other is refused by name. */
export const ENTER_FIELDS: ReadonlySet<string> = new Set([...CLOSURE, 'wait', 'timeout', 'force'])
/** The fields of a {@link LeaveRequest}; any other is refused by name. */
export const LEAVE_FIELDS: ReadonlySet<string> = new Set([...CHANGE, 'wait', 'timeout'])
/** The fields of a {@link ChangeRequest}; any other is refused by name. */
export const CHANGE_FIELDS: ReadonlySet<string> = new Set(CHANGE)

const LONGEST_MS = 366 * 86_400_000
const LONGEST_TIMEOUT_MS = 86_400_000
const LONGEST_MAX_WAIT_MS = 3_600_000

/** @throws InputError that names a field which is not one of `fields` */
export function checkFields(request: object, fields: ReadonlySet<string>): void {
  for (const [field, value] of Object.entries(request)) {
    if (!fields.has(field)) throw new InputError(field, value, `one of the fields ${[...fields].join(', ')}`)
  }
}

/**
 * What a request says, checked.
 *
 * @throws InputError that names the refused field
 */
export function readClosure(request: ClosureRequest): Closure & { mode: ClosedMode } {
  const mode = oneOf('mode', request.mode ?? 'maintenance', CLOSED_MODES)
  if (request.maxWait != null && mode !== 'hold')
    throw new InputError('maxWait', request.maxWait, `nothing: it is for the mode hold, not ${mode}`)
  return {
    mode,
    message: readText('message', request.message),
    reason: readText('reason', request.reason),
    onExpiry: oneOf('onExpiry', request.onExpiry ?? 'leave', ON_EXPIRY),
    retryAfterSeconds:
      request.retryAfter == null
        ? null
        : Math.ceil(readDuration('retryAfter', request.retryAfter, 1000) / 1000),
    paths: readPaths('paths', request.paths),
    exceptPaths: readPaths('exceptPaths', request.exceptPaths),
    maxWaitMs:
      mode !== 'hold'
        ? null
        : request.maxWait == null
          ? DEFAULT_MAX_WAIT_MS
          : readDuration('maxWait', request.maxWait, 1, LONGEST_MAX_WAIT_MS)
  }
}

/**
 * When a request says that the mode ends; null for an open end.
 *
 * @param fromMs what `for` counts from, and what an `until` has to be after
 * @throws InputError that names the refused field
 */
export function readEnd(request: ClosureRequest, fromMs: number, nowMs: number): string | null {
  const { until, for: length } = request
  if (length != null && until != null) throw new InputError('until', until, 'either until or for, not both')
  if (length != null) return new Date(fromMs + readDuration('for', length, 1000)).toISOString()
  if (until == null) return null
  const ms = readInstant('until', until, nowMs)
  if (ms <= fromMs)
    throw new InputError('until', until, fromMs > nowMs ? 'a time after from' : 'a time in the future')
  return new Date(ms).toISOString()
}

/** @throws InputError unless it is a Date or an ISO 8601 time with a zone, at most 366 days ahead */
export function readInstant(field: string, value: unknown, nowMs: number): number {
  const ms = value instanceof Date ? value.getTime() : parseInstant(value)
  if (ms === undefined || Number.isNaN(ms)) throw new InputError(field, value, INSTANT_ALLOWED)
  if (ms > nowMs + LONGEST_MS) throw new InputError(field, value, 'a time at most 366d ahead')
  return ms
}

/** @throws InputError unless it is plain text, or not given */
export function readText(field: string, value: unknown): string | null {
  if (value === undefined || value === null) return null
  if (isPlainText(value)) return value
  const allowed = `text of at most ${MESSAGE_LENGTH} characters without control characters other than newline`
  throw new InputError(field, value, allowed)
}

/** @throws InputError unless it is a duration of at least `leastMs` and at most `mostMs` */
export function readDuration(field: string, value: unknown, leastMs: number, mostMs = LONGEST_MS): number {
  const ms = parseDurationMs(value, field)
  if (ms < leastMs)
    throw new InputError(field, value, `a duration of at least ${leastMs < 1000 ? '1ms' : '1s'}`)
  if (ms > mostMs) throw new InputError(field, value, `a duration of at most ${mostMs / 3_600_000}h`)
  return ms
}

/** @throws InputError that names the refused field */
export function readWaiting(request: EnterRequest | LeaveRequest, allowed: readonly Want[]): Waiting {
  const { wait, timeout, force } = request as EnterRequest
  if (force != null && typeof force !== 'boolean') throw new InputError('force', force, 'true or false')
  return {
    want: oneOf('wait', wait ?? 'applied', allowed),
    timeoutMs: timeout == null ? 60_000 : readDuration('timeout', timeout, 1, LONGEST_TIMEOUT_MS),
    force: force ?? false
  }
}

/**
 * @param what what is changed, for the error
 * @throws IntermissionError ERR_STATE_CONFLICT when a request insists on another revision
 */
export function checkRevision(what: string, revision: number, ifRevision: unknown): void {
  if (ifRevision === undefined || ifRevision === null) return
  if (!Number.isSafeInteger(ifRevision)) throw new InputError('ifRevision', ifRevision, 'a whole number')
  if (ifRevision === revision) return
  const text = `${what} is at revision ${revision} by now: somebody else changed it`
  throw new IntermissionError('ERR_STATE_CONFLICT', text)
}

function oneOf<T extends string>(field: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value
  throw new InputError(field, value, allowed.join(' or '))
}

function readPaths(field: string, value: unknown): string[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || value.length > MOST_PATHS)
    throw new InputError(field, value, `a list of at most ${MOST_PATHS} paths`)
  const wrong = value.findIndex((each) => !isPathRule(each))
  if (wrong >= 0) throw new InputError(field, value[wrong], PATH_RULE_ALLOWED)
  return [...(value as string[])]
}
