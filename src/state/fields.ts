import { IntermissionError, quote } from '../errors.ts'
import { INSTANT_ALLOWED, parseInstant } from './instant.ts'

/** Longest message, reason and name, in UTF-16 units. */
export const MESSAGE_LENGTH = 2000

const CONTROL = /[\0-\x09\x0b-\x1f\x7f-\x9f]/
// Half of a character has no UTF-8, so another process would read something else than was written.
const HALF = /\p{Surrogate}/u

/** Says whether a value is text that we keep: no control characters but the newline, not too long. */
export function isPlainText(value: unknown): value is string {
  return (
    typeof value === 'string' && value.length <= MESSAGE_LENGTH && !CONTROL.test(value) && !HALF.test(value)
  )
}

/** Reads the fields of a record that came from outside this process. Each method throws an error that names the field. */
export interface Fields {
  /** The raw value of a field. */
  raw(field: string): unknown
  /** Plain text that is not empty and not longer than `longest`. */
  name(field: string, longest?: number): string
  text(field: string): string | null
  /** An ISO 8601 time, as UTC. */
  instant(field: string): string
  count(field: string, least: number): number
  oneOf<T extends string>(field: string, allowed: readonly T[]): T
  /** At most `most` plain texts. */
  texts(field: string, most: number): string[]
  /** At most `most` values, each read by `read`, which is told where it stands. */
  list<T>(field: string, most: number, read: (value: unknown, origin: string) => T): T[]
  /** Null, or what `read` makes of the field. */
  orNull<T>(field: string, read: (field: string) => T): T | null
  /** Refuses a field. */
  refuse(field: string, allowed: string): never
}

/**
 * @param origin where the value came from, for the error
 * @param what what it should be, for the error
 * @throws IntermissionError ERR_STATE_UNREADABLE when it is not a record
 */
export function readFields(value: unknown, origin: string, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new IntermissionError('ERR_STATE_UNREADABLE', `${origin}: ${quote(value)} is not ${what}`)
  }
  const given = value as Record<string, unknown>
  const fields: Fields = {
    raw: (field) => given[field],
    name(field, longest = MESSAGE_LENGTH) {
      const found = given[field]
      if (isPlainText(found) && found !== '' && found.length <= longest) return found
      return fields.refuse(field, `plain text of 1 to ${longest} characters`)
    },
    text(field) {
      const found = given[field]
      if (found === null || isPlainText(found)) return found
      return fields.refuse(field, 'plain text or null')
    },
    instant(field) {
      const ms = parseInstant(given[field])
      return ms === undefined ? fields.refuse(field, INSTANT_ALLOWED) : new Date(ms).toISOString()
    },
    count(field, least) {
      const found = given[field]
      if (Number.isSafeInteger(found) && (found as number) >= least) return found as number
      return fields.refuse(field, `a whole number of at least ${least}`)
    },
    oneOf: (field, allowed) =>
      allowed.find((each) => each === given[field]) ?? fields.refuse(field, allowed.join(' or ')),
    texts(field, most) {
      const found = given[field]
      if (Array.isArray(found) && found.length <= most && found.every(isPlainText)) return [...found]
      return fields.refuse(field, `a list of at most ${most} texts`)
    },
    list(field, most, read) {
      const found = given[field]
      if (!Array.isArray(found) || found.length > most)
        return fields.refuse(field, `a list of at most ${most}`)
      return found.map((each, n) => read(each, `${origin}: ${field}[${n}]`))
    },
    orNull: (field, read) => (given[field] === null ? null : read(field)),
    refuse(field, allowed) {
      throw new IntermissionError(
        'ERR_STATE_UNREADABLE',
        `${origin}: ${field}: ${quote(given[field])} is not allowed; expected ${allowed}`
      )
    }
  }
  return fields
}
