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
  switch (error.code) {
    case 'ERR_NOT_FOUND':
      return createProblem(404, error.message)
    case 'ERR_STORE_UNREACHABLE':
      return createProblem(503, error.message)
    case 'ERR_STATE_CONFLICT':
      if (!conditional) return createProblem(409, error.message)
      return createProblem(412, 'If-Match: the state has another revision by now; read it again.', 'If-Match')
    default:
      return createProblem(500, error.message)
  }
}
