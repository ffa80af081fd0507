import { STATUS_CODES } from 'node:http'
import { type ErrorCode, InputError, IntermissionError } from '../errors.ts'

/** What the admin API answers instead of what was asked for (RFC 9457). */
export interface AdminProblem {
  type: 'about:blank'
  title: string
  status: number
  detail: string
  /** The field of the body or of the head that is to blame. */
  field?: string
  /** The code of the error, where it is one of ours. */
  code?: ErrorCode
}

const DETAILS: Record<number, string> = {
  400: 'The request is not understood.',
  404: 'There is nothing here.',
  405: 'This method is not for this address.',
  413: 'The body is too large.',
  415: 'Only application/json is understood.',
  500: 'This went wrong here; the log says why.'
}

const STATUSES: Partial<Record<ErrorCode, number>> = {
  ERR_NOT_FOUND: 404,
  ERR_STATE_CONFLICT: 409,
  ERR_STORE_UNREACHABLE: 503
}

export function createProblem(status: number, detail?: string, field?: string): AdminProblem {
  const title = STATUS_CODES[status] ?? 'Error'
  return {
    type: 'about:blank',
    title,
    status,
    detail: detail ?? DETAILS[status] ?? `${title}.`,
    ...(field === undefined ? {} : { field })
  }
}

/**
 * What an operator is told about an error. Our own errors are written for operators; of all others, the framework's
 * included, only the status is told.
 *
 * @param conditional whether the request named the revision that it is about
 */
export function problemOf(error: unknown, conditional: boolean): AdminProblem {
  if (error instanceof IntermissionError) return { ...ourProblem(error, conditional), code: error.code }
  const status = (error as { statusCode?: unknown } | null)?.statusCode
  return createProblem(typeof status === 'number' && status >= 400 && status <= 499 ? status : 500)
}

function ourProblem(error: IntermissionError, conditional: boolean): AdminProblem {
  if (error instanceof InputError) return createProblem(400, error.message, error.field)
  if (error.code === 'ERR_STATE_CONFLICT' && conditional)
    return createProblem(412, `If-Match: ${error.message}.`, 'If-Match')
  return createProblem(STATUSES[error.code] ?? 500, error.message)
}
