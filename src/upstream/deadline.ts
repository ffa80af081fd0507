import type { UpstreamTimeouts } from './exchange.ts'
import { type FailureCause, UpstreamError } from './failure.ts'

/** The time-out that is running on a connection: one at a time, and cheap to set again for every byte. */
export class Deadline {
  /** When it is due, in `performance.now()` milliseconds. */
  dueMs = Number.POSITIVE_INFINITY
  #cause: FailureCause = 'connect-timeout'

  set(afterMs: number, cause: FailureCause): void {
    this.dueMs = performance.now() + afterMs
    this.#cause = cause
  }

  /**
   * While no response has begun: nginx's proxy_send_timeout while the upstream does not take the body, none while the client
   * is slow to send it, proxy_read_timeout once it is all sent.
   */
  expectResponse(requestSent: boolean, isBlocked: boolean, timeouts: UpstreamTimeouts): void {
    if (requestSent) this.set(timeouts.responseTimeoutMs, 'response-timeout')
    else if (isBlocked) this.set(timeouts.idleTimeoutMs, 'idle-timeout')
    else this.clear()
  }

  /** Nothing is expected of the upstream. */
  clear(): void {
    this.dueMs = Number.POSITIVE_INFINITY
  }

  /** @param doing what there was no progress with */
  error(doing: string): UpstreamError {
    return new UpstreamError(this.#cause, `no progress in time while ${doing}`)
  }
}
