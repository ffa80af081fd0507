import type { Problem } from './wording.ts'

/** A page as a visitor may meet it, to be looked at. */
export interface Sample {
  /** Part of a path, such as `maintenance-until`. */
  name: string
  title: string
  method: 'GET' | 'POST'
  problem: Problem
}

const MINUTE_MS = 60_000
const MESSAGE = 'We are moving to a faster machine. Your orders and your account are safe.'

/** One sample of every situation in which pages differ, beginning with what visitors see most. */
export function samplePages(nowMs: number): Sample[] {
  const at = (minutes: number): string =>
    new Date(Math.ceil(nowMs / MINUTE_MS + minutes) * MINUTE_MS).toISOString()
  const closed: Problem = { status: 503, reason: 'maintenance' }
  const gone: Problem = { status: 502, reason: 'upstream-unreachable' }
  const slow: Problem = { status: 504, reason: 'upstream-timeout' }
  const failed: Problem = { status: 500, reason: null }
  const get = (name: string, title: string, problem: Problem): Sample => ({
    name,
    title,
    method: 'GET',
    problem
  })
  const post = (name: string, title: string, problem: Problem): Sample => ({
    name,
    title,
    method: 'POST',
    problem
  })
  return [
    get('unreachable', 'the app cannot be reached', gone),
    get('timeout', 'the app did not answer in time', slow),
    get('maintenance', 'maintenance', closed),
    get('maintenance-message', 'maintenance with a message', { ...closed, message: MESSAGE }),
    get('maintenance-until', 'maintenance until a time', { ...closed, message: MESSAGE, until: at(25) }),
    get('maintenance-days', 'maintenance for days', { ...closed, until: at(3 * 24 * 60) }),
    get('maintenance-overdue', 'maintenance that takes longer', { ...closed, until: at(-1) }),
    post('unreachable-form', 'a form that did not reach the app', gone),
    post('unreachable-form-maybe', 'a form that may have reached the app', { ...gone, mayHaveArrived: true }),
    post('timeout-form', 'a form whose answer took too long', { ...slow, mayHaveArrived: true }),
    post('maintenance-form', 'a form sent in maintenance', { ...closed, message: MESSAGE, until: at(25) }),
    post('read-only', 'a form while the site is read-only', {
      status: 503,
      reason: 'read-only',
      until: at(25)
    }),
    get('hold', 'a held request whose wait ran out', { status: 503, reason: 'hold-timeout' }),
    get('full', 'too many requests', { status: 503, reason: 'overloaded' }),
    get('starting', 'the gateway does not know the mode yet', { status: 503, reason: 'starting' }),
    get('error', 'the app failed', failed),
    post('error-form', 'the app failed at a form', { ...failed, mayHaveArrived: true }),
    get('link', 'a bypass link that is not valid', { status: 403, reason: null }),
    get('host', 'a host that belongs to no site', { status: 421, reason: null })
  ]
}
