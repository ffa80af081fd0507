import { InputError } from '../errors.ts'
import { type BypassOptions, openingPaths } from './bypass.ts'
import type { PathMatch } from './path-rules.ts'
import type { UpgradePolicy } from './review.ts'

/** How a closed site treats its visitors. */
export interface GateOptions extends BypassOptions {
  /**
   * Paths that are answered with 200 by us while they are closed, GET and HEAD only, so that a load balancer that asks
   * for them keeps the host. Default none.
   */
  probePaths?: readonly string[]
  /** How many requests may wait at once in the mode `hold`; those beyond get 503 `hold-full`. Default 5000. */
  holdLimit?: number
  /**
   * What becomes of upgraded connections, such as WebSockets, that a new mode would not let in: `close` ends them,
   * `leave` lets them be, and nobody waits for them. Default `close`.
   */
  websockets?: UpgradePolicy
}

export interface ResolvedGateOptions {
  isProbe: PathMatch
  holdLimit: number
  websockets: UpgradePolicy
}

/** The name of every one of them. */
export const GATE_OPTIONS: Record<keyof GateOptions, true> = {
  bypassAddresses: true,
  bypassPaths: true,
  bypassTokens: true,
  trustProxy: true,
  probePaths: true,
  holdLimit: true,
  websockets: true
}

/** @throws InputError that names the option */
export function resolveGateOptions(options: GateOptions): ResolvedGateOptions {
  const { holdLimit = 5000, websockets = 'close' } = options
  if (!Number.isInteger(holdLimit) || holdLimit < 0)
    throw new InputError('holdLimit', holdLimit, 'a whole number, or 0')
  if (websockets !== 'close' && websockets !== 'leave')
    throw new InputError('websockets', websockets, 'close or leave')
  return { isProbe: openingPaths('probePaths', options.probePaths), holdLimit, websockets }
}
