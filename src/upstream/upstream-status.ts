import type { BreakerState, Upstream } from './upstream.ts'

/** What is known of one upstream. */
export interface UpstreamStatus {
  /** The address, as in the option. */
  name: string
  /** `closed`: in use; `open`: nobody is there; `half-open`: finding out. */
  breaker: BreakerState
  /** What the health check says; true without one. */
  isHealthy: boolean
  /** Connections that carry a request. */
  busy: number
  /** Connections, busy or kept. */
  connections: number
}

export function statusOf({ name, breaker, isHealthy, busy, connections }: Upstream): UpstreamStatus {
  return { name, breaker, isHealthy, busy, connections }
}
