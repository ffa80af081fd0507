import type { IncomingMessage } from 'node:http'
import type { Judge } from './judge.ts'

/** A request that is in flight. */
export interface Running {
  /** What the client has asked for; null when that is not known any more, and might be anything. */
  readonly request: IncomingMessage | null
  /** It has become a connection of another protocol. */
  readonly isUpgraded: boolean
  /** Takes it back when the app has got nothing of it yet, so that the gate receives it anew. @returns whether it could */
  withdraw(): boolean
  /** Ends a connection of another protocol, as that would have it where we know how. */
  close(): void
  /** Ends it; a client that has got nothing is told so. */
  abort(): void
}

/** What becomes of upgraded connections that a mode would not let in. */
export type UpgradePolicy = 'close' | 'leave'

/**
 * Looks at a request that was let in, when the mode has changed. What has been waiting for an app that is gone comes before
 * the gate once more; what the app is doing is left to it.
 *
 * @returns whether it may go on under the new mode too, so that nobody has to wait for its end
 */
export function mayGoOn(running: Running, judge: Judge, upgrades: UpgradePolicy): boolean {
  if (running.request === null) return false
  const verdict = judge.verdictOn(running.request)
  if (verdict === 'admit' || verdict === 'bypass') return true
  if (running.isUpgraded && upgrades === 'leave') return true
  if (running.isUpgraded) running.close()
  else running.withdraw()
  return false
}
