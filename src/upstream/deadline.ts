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

  /** Nothing is expected of the upstream. */
  clear(): void {
    this.dueMs = Number.POSITIVE_INFINITY
  }

  /** @param doing what there was no progress with */
  error(doing: string): UpstreamError {
    return new UpstreamError(this.#cause, `no progress in time while ${doing}`)
  }
}
