/**
 * Everything that can go wrong between us and the upstream, and what the client is told.
 */

/** What happened, as far as we can know. */
export type FailureCause =
  | 'refused' // nobody listens, no socket file, no route, name not found
  | 'full' // no room for one more connection: in the queue of who listens, or for files and ports of ours
  | 'untrusted' // a certificate that does not prove who the upstream is, or no TLS at all
  | 'connect-timeout'
  | 'reset' // the connection ended before the response head
  | 'response-timeout' // no first byte of the response in time
  | 'idle-timeout' // nothing moved for too long, in either direction
  | 'invalid-response' // not HTTP, or HTTP that two readers could understand differently
  | 'cut' // the connection ended inside the response body
  | 'client-gone' // the client left: never the upstream's fault

/** A failed exchange. The message is for the log; nothing of it may reach a client. */
export class UpstreamError extends Error {
  readonly reason: FailureCause

  constructor(reason: FailureCause, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'UpstreamError'
    this.reason = reason
  }
}

/** What the client is told when there is no response to relay, and whom the failure counts against. */
export interface FailureAnswer {
  status: 502 | 504
  /** Value of `Intermission-Reason`. */
  reason: 'upstream-unreachable' | 'upstream-timeout' | 'upstream-invalid-response'
  /** Whether the upstream may have got the request, and done something with it. */
  mayHaveArrived: boolean
}

/**
 * The failure table: what to answer when the exchange ended before a response head arrived (nginx: 502, and 504 for its
 * `proxy_connect_timeout` and `proxy_read_timeout`). `null` when nobody is there to be answered.
 */
export function answerForFailure(cause: FailureCause): FailureAnswer | null {
  switch (cause) {
    case 'refused':
    case 'full':
    case 'untrusted':
      return { status: 502, reason: 'upstream-unreachable', mayHaveArrived: false }
    case 'reset':
      return { status: 502, reason: 'upstream-unreachable', mayHaveArrived: true }
    case 'invalid-response':
    case 'cut':
      return { status: 502, reason: 'upstream-invalid-response', mayHaveArrived: true }
    case 'connect-timeout':
      return { status: 504, reason: 'upstream-timeout', mayHaveArrived: false }
    case 'response-timeout':
    case 'idle-timeout':
      return { status: 504, reason: 'upstream-timeout', mayHaveArrived: true }
    case 'client-gone':
      return null
  }
}

/** Whether it was our side that ended the exchange: the app may go on with the request. */
export function isOurDoing(cause: FailureCause): boolean {
  return cause === 'response-timeout' || cause === 'idle-timeout' || cause === 'invalid-response'
}

const FULL = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL'])

/** Whether connections that stand may be as good as ever, although no more can be had: nobody has said no. */
export function leavesOthers(cause: FailureCause): boolean {
  return cause === 'full' || cause === 'connect-timeout'
}

/** Why a connection could not be had. */
export function connectFailure(error: NodeJS.ErrnoException): UpstreamError {
  const { code = '' } = error
  // OpenSSL's verdicts on a certificate, and Node's on its names.
  const untrusted = /CERT|SIGNATURE|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO/.test(code)
  // A name with several addresses fails with one error for each, and no words of its own.
  const all = error instanceof AggregateError ? (error.errors as Error[]) : [error]
  return new UpstreamError(
    untrusted ? 'untrusted' : FULL.has(code) ? 'full' : 'refused',
    [...new Set(all.map(({ message }) => message))].join(', ')
  )
}

/** The connection has ended while a response was awaited. @param head what had come of it */
export function brokenOff(head: object | null, message: string, cause?: unknown): UpstreamError {
  return new UpstreamError(head === null ? 'reset' : 'cut', message, { cause })
}

/** What reading a response has thrown. */
export function invalidResponse(error: unknown): UpstreamError {
  if (error instanceof UpstreamError) return error
  return new UpstreamError('invalid-response', String(error), { cause: error })
}

/** How loud a failed request is in the log: that nobody is there is said when it is found out, not for every visitor. */
export function logLevelOf(cause: FailureCause): 'debug' | 'warn' {
  return answerForFailure(cause)?.mayHaveArrived === false ? 'debug' : 'warn'
}
