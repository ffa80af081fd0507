import { IntermissionError, quote } from '../errors.ts'
import { INSTANT_ALLOWED, parseInstant } from './instant.ts'

/** What a site does with its requests. */
export type Mode = 'live' | 'maintenance'

/** What happens when `until` has come: go back to live, or stay until somebody leaves. */
export type OnExpiry = 'leave' | 'stay'

/** The one shared fact about a site. Treat it as read-only: every change is a new document with a higher revision. */
export interface StateDocument {
  /** Name of the site; `default` when there is only one. */
  site: string
  mode: Mode
  /** Counts the changes; 0 before the first. */
  revision: number
  /** When the mode became what it is, ISO 8601 in UTC. */
  since: string
  /** Who made the last change; `expiry` when the time ran out. */
  by: string | null
  /** What visitors are told, plain text. */
  message: string | null
  /** Why, for the operators. Not shown to visitors. */
  reason: string | null
  /** When maintenance ends, ISO 8601 in UTC. */
  until: string | null
  onExpiry: OnExpiry
  /** What Retry-After says when there is no `until`. */
  retryAfterSeconds: number | null
  /** Only these paths are affected; empty means all. */
  paths: string[]
}

/** Longest message, reason and name, in UTF-16 units. */
export const MESSAGE_LENGTH = 2000

const CONTROL = /[\0-\x09\x0b-\x1f\x7f-\x9f]/

/** Says whether a value is text that we keep: no control characters but the newline, not too long. */
export function isPlainText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MESSAGE_LENGTH && !CONTROL.test(value)
}

/** The document of a site that nobody has touched: live, revision 0. */
export function initialDocument(site: string): StateDocument {
  return {
    site,
    mode: 'live',
    revision: 0,
    since: new Date().toISOString(),
    by: null,
    message: null,
    reason: null,
    until: null,
    onExpiry: 'leave',
    retryAfterSeconds: null,
    paths: []
  }
}

/**
 * Checks a document that came from outside this process. Fields that we do not know are dropped.
 *
 * @param origin where it came from, for the error
 * @throws IntermissionError ERR_STATE_UNREADABLE, which names the origin and the field
 */
export function parseDocument(value: unknown, origin: string): StateDocument {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new IntermissionError('ERR_STATE_UNREADABLE', `${origin}: ${quote(value)} is not a state document`)
  }
  const given = value as Record<string, unknown>
  const refuse = (field: string, allowed: string): never => {
    throw new IntermissionError(
      'ERR_STATE_UNREADABLE',
      `${origin}: ${field}: ${quote(given[field])} is not allowed; expected ${allowed}`
    )
  }
  const text = (field: string): string | null => {
    const found = given[field]
    if (found === null || isPlainText(found)) return found
    return refuse(field, 'plain text or null')
  }
  const instant = (field: string): string => {
    const ms = parseInstant(given[field])
    return ms === undefined ? refuse(field, INSTANT_ALLOWED) : new Date(ms).toISOString()
  }
  const count = (field: string, least: number): number => {
    const found = given[field]
    if (Number.isSafeInteger(found) && (found as number) >= least) return found as number
    return refuse(field, `a whole number of at least ${least}`)
  }
  const oneOf = <T extends string>(field: string, allowed: readonly T[]): T =>
    allowed.find((each) => each === given[field]) ?? refuse(field, allowed.join(' or '))
  const { paths } = given
  return {
    site: text('site') || refuse('site', 'the name of a site'),
    mode: oneOf('mode', ['live', 'maintenance']),
    revision: count('revision', 0),
    since: instant('since'),
    by: text('by'),
    message: text('message'),
    reason: text('reason'),
    until: given.until === null ? null : instant('until'),
    onExpiry: oneOf('onExpiry', ['leave', 'stay']),
    retryAfterSeconds: given.retryAfterSeconds === null ? null : count('retryAfterSeconds', 1),
    paths: Array.isArray(paths) && paths.every(isPlainText) ? [...paths] : refuse('paths', 'a list of text')
  }
}
