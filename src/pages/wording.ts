import { STATUS_CODES } from 'node:http'
import { toBytes } from './render.ts'

/** What the gateway has to say to a client, in any form. */
export interface Problem {
  /** 400..599; anything else is answered as 500. */
  status: number
  /** The `Intermission-Reason`, such as `maintenance` or `upstream-unreachable`; null when the client is at fault. */
  reason: string | null
  /** The operator's words to visitors. */
  message?: string | null
  /** When it is expected to be over, ISO 8601 in UTC. */
  until?: string | null
  /** For `Retry-After`, in seconds. A 503 without it says 120. */
  retryAfterSeconds?: number | null
  /** Which site it is about. */
  site?: string
  /** Whether the app may have got what the client sent, and done something with it. Default false. */
  mayHaveArrived?: boolean
  /** The id under which the log knows this request. */
  requestId?: string
  /** Answer with `Connection: close`. Default false. */
  close?: boolean
  /** Further header fields, names and values in turn, such as `['Allow', 'GET, HEAD']`. Default none. */
  headers?: readonly string[]
}

const DETAILS: Record<string, string> = {
  'upstream-unreachable': 'The application behind this address cannot be reached right now.',
  'upstream-invalid-response': 'The application behind this address gave an answer that makes no sense.',
  'upstream-timeout': 'The application behind this address did not answer in time.',
  maintenance: 'This site is closed for maintenance.',
  'read-only': 'This site can be read but not changed right now.',
  'hold-timeout': 'The application was not ready in time.',
  'hold-full': 'Too many requests are waiting already.',
  overloaded: 'There is more to do right now than this site can take.',
  starting: 'This site is starting.',
  intercepted: 'The application reported an error.'
}

const DEFAULT_RETRY_AFTER_SECONDS = 120

/** The standard phrase of a status. */
export function titleOf(status: number): string {
  return STATUS_CODES[status] ?? 'Error'
}

/** The status that is sent for a problem. */
export function statusOf(problem: Problem): number {
  return Number.isInteger(problem.status) && problem.status >= 400 && problem.status <= 599
    ? problem.status
    : 500
}

/** Whole seconds for `Retry-After`, or null for none. */
export function retryAfterOf(problem: Problem): number | null {
  const seconds = problem.retryAfterSeconds ?? (problem.status === 503 ? DEFAULT_RETRY_AFTER_SECONDS : null)
  if (seconds === null) return null
  return Number.isFinite(seconds) ? Math.max(0, Math.ceil(seconds)) : DEFAULT_RETRY_AFTER_SECONDS
}

/**
 * The members of the problem (RFC 9457) up to, and with the key of, `requestId`, which alone differs from request to
 * request. One character a byte.
 */
export function problemHead(problem: Problem): string {
  const { message = null, until = null, reason } = problem
  const status = statusOf(problem)
  const title = titleOf(status)
  const members = { type: 'about:blank', title, status, detail: detailOf(problem), reason, message, until }
  const text = JSON.stringify({ ...members, retryAfterSeconds: retryAfterOf(problem) })
  return toBytes(`${text.slice(0, -1)},"requestId":`)
}

/** The problem on one line, for clients that want neither HTML nor JSON. One character a byte. */
export function problemLine(problem: Problem): string {
  const status = statusOf(problem)
  const words = problem.message ?? detailOf(problem)
  return toBytes(
    `${status} ${titleOf(status)}${words ? `: ${words.replace(/[\s\p{Cc}]+/gu, ' ').trim()}` : ''}\n`
  )
}

function detailOf({ reason }: Problem): string | null {
  return reason === null ? null : (DETAILS[reason] ?? null)
}
