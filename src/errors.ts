/**
 * Every error that Intermission itself raises, with its code. The code is stable; the wording is not.
 */
import { suggestion } from './near.ts'

/** Codes of all errors that leave this package. */
export type ErrorCode =
  | 'ERR_CONFIG_INVALID'
  | 'ERR_PLUGIN_MISUSE'
  | 'ERR_INPUT_INVALID'
  | 'ERR_PAGE_INVALID'
  | 'ERR_NOT_FOUND'
  | 'ERR_STATE_UNREADABLE'
  | 'ERR_STATE_CONFLICT'
  | 'ERR_STATE_UNWRITABLE'
  | 'ERR_STORE_UNREACHABLE'
  | 'ERR_WAIT_UNFULFILLED'
  | 'ERR_WORKERS_FAILED'
  | 'ERR_ADMIN_UNREACHABLE'
  | 'ERR_ADMIN_REFUSED'

/** An error whose message may be shown to an operator. It never reaches a visitor. */
export class IntermissionError extends Error {
  /** What went wrong, for programs: it stays the same when the words change. */
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'IntermissionError'
    this.code = code
  }
}

/** Stands for a refused value that must not, or cannot, be shown: a secret, a whole body. */
export const HIDDEN: unique symbol = Symbol('this value')

/** A value that somebody gave us and that we refuse: names the field, the value and what is allowed. */
export class InputError extends IntermissionError {
  /** The field or option that was refused, as the giver spelled it. */
  readonly field: string
  /** What would have been accepted, in words. */
  readonly allowed: string

  constructor(
    field: string,
    value: unknown,
    allowed: string,
    options?: { cause?: unknown; code?: ErrorCode }
  ) {
    super(
      options?.code ?? 'ERR_INPUT_INVALID',
      value === undefined
        ? `${field}: nothing is given; expected ${allowed}`
        : `${field}: ${value === HIDDEN ? HIDDEN.description : quote(value)} is not allowed; expected ${allowed}`,
      options
    )
    this.name = 'InputError'
    this.field = field
    this.allowed = allowed
  }
}

/**
 * The error of a name that stands for nothing.
 *
 * @param known the names that would, where there are few
 */
export function notFound(what: string, name: string, known: readonly string[] = []): IntermissionError {
  const hint = known.length === 0 ? '' : `; ${suggestion(name, known)}`
  return new IntermissionError('ERR_NOT_FOUND', `there is no ${what} ${quote(name)}${hint}`)
}

/** Shows a refused value briefly and on one line, whatever it is. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 100 ? `${text.slice(0, 97)}...` : text
}
