import { type Fields, readFields } from './fields.ts'

/**
 * What a site does with its requests: let them through, answer all with 503, answer those that change something with
 * 503, or keep them waiting.
 */
export type Mode = 'live' | 'maintenance' | 'read-only' | 'hold'
/** Every mode but `live`. */
export type ClosedMode = Exclude<Mode, 'live'>

/**
 * What happens when `until` has come: go back to live, stay until somebody leaves, or go back to live as soon as the
 * site is healthy.
 */
export type OnExpiry = 'leave' | 'stay' | 'leave-if-healthy'

/** What somebody says who enters a mode, or plans to. */
export interface Closure {
  /** What visitors are told, plain text. */
  message: string | null
  /** Why, for the operators. Not shown to visitors. */
  reason: string | null
  /** What happens at `until`. */
  onExpiry: OnExpiry
  /** What Retry-After says when there is no `until`. */
  retryAfterSeconds: number | null
  /** Only these paths are affected: exact, or `/prefix/*`. Empty means all. */
  paths: string[]
  /** These paths stay open. */
  exceptPaths: string[]
  /** How long a held request waits; null in every other mode. */
  maxWaitMs: number | null
}

/** The one shared fact about a site. Treat it as read-only: every change is a new document with a higher revision. */
export interface StateDocument extends Closure {
  /** Name of the site; `default` when there is only one. */
  site: string
  /** What the site does with its requests. */
  mode: Mode
  /** The shared revision at which this document last changed; 0 before the first change. */
  revision: number
  /** When the mode became what it is, ISO 8601 in UTC. */
  since: string
  /** Who made the last change; `expiry` when the time ran out, `window ID` when a planned one began. */
  by: string | null
  /** When the mode ends, ISO 8601 in UTC. */
  until: string | null
}

export const CLOSED_MODES: readonly ClosedMode[] = ['maintenance', 'read-only', 'hold']
export const ON_EXPIRY: readonly OnExpiry[] = ['leave', 'stay', 'leave-if-healthy']
/** Longest name of a site. */
export const SITE_LENGTH = 64
/** Most entries of `paths` and `exceptPaths`. */
export const MOST_PATHS = 100
export const DEFAULT_MAX_WAIT_MS = 30_000

/** What a live document says in these fields. */
export const OPEN: Readonly<Closure> = {
  message: null,
  reason: null,
  onExpiry: 'leave',
  retryAfterSeconds: null,
  paths: [],
  exceptPaths: [],
  maxWaitMs: null
}

/** The document of a site that nobody has touched: live, revision 0. */
export function initialDocument(site: string, nowMs = Date.now()): StateDocument {
  const since = new Date(nowMs).toISOString()
  return {
    ...{ site, mode: 'live', revision: 0, since, by: null, until: null },
    ...{ ...OPEN, paths: [], exceptPaths: [] }
  }
}

/**
 * Checks a document that came from outside this process. Fields that we do not know are dropped.
 *
 * @param origin where it came from, for the error
 * @throws IntermissionError ERR_STATE_UNREADABLE, which names the origin and the field
 */
export function parseDocument(value: unknown, origin: string): StateDocument {
  const fields = readFields(value, origin, 'a state document')
  const mode = fields.oneOf('mode', ['live', ...CLOSED_MODES])
  return {
    site: fields.name('site', SITE_LENGTH),
    mode,
    revision: fields.count('revision', 0),
    since: fields.instant('since'),
    by: fields.text('by'),
    until: fields.orNull('until', fields.instant),
    ...parseClosure(fields, mode)
  }
}

/** The fields of a {@link Closure}. Those that came later than format 1 may be missing. */
export function parseClosure(fields: Fields, mode: Mode): Closure {
  const isHold = mode === 'hold'
  return {
    message: fields.text('message'),
    reason: fields.text('reason'),
    onExpiry: fields.oneOf('onExpiry', ON_EXPIRY),
    retryAfterSeconds: fields.orNull('retryAfterSeconds', (field) => fields.count(field, 1)),
    paths: fields.texts('paths', MOST_PATHS),
    exceptPaths: fields.raw('exceptPaths') === undefined ? [] : fields.texts('exceptPaths', MOST_PATHS),
    maxWaitMs: !isHold
      ? null
      : fields.raw('maxWaitMs') == null
        ? DEFAULT_MAX_WAIT_MS
        : fields.count('maxWaitMs', 1)
  }
}
