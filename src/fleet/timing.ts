/** How often and how long, in milliseconds. Tests make them shorter. */
export interface Timing {
  /** Between two beats; each is made up to a fifth longer or shorter, so that the members do not beat as one. */
  beatMs: number
  /** How long a beat counts. A member of which nothing is heard for longer is lost. */
  leaseMs: number
  /** For one command, and for a connection to stand. */
  commandMs: number
  /** Between two attempts to connect: begins small, doubles up to this. */
  reconnectMs: number
  /**
   * How long the others get to come back to a store that has lost its data, before anybody concludes from their silence
   * that there are none: longer than `reconnectMs` and a beat.
   */
  emptyStoreMs: number
  /** How long a start without a store waits, before it does what `coldStart` says. */
  coldStartMs: number
  /** How long an app may go on with what a member has cut that fences itself. */
  abandonedMs: number
}

export const DEFAULT_TIMING: Timing = {
  beatMs: 1000,
  leaseMs: 5000,
  commandMs: 1000,
  reconnectMs: 1000,
  emptyStoreMs: 3000,
  coldStartMs: 10_000,
  abandonedMs: 10_000
}
