/** What the parts of a site know, as samples. */
import type { Sample } from './samples.ts'

/** The part of `fastify.maintenance` that is told. */
export interface MaintenanceState {
  readonly site: string
  /** False as long as nobody knows the mode. */
  readonly isKnown: boolean
  readonly state: { mode: string; since: string }
  readonly isOverdue: boolean
  readonly inFlight: { readonly abandoned: number }
}

/** The part of `fastify.proxy` that is told. */
export interface ProxyState {
  readonly inFlight: number
  readonly held: number
  readonly tunnels: number
  readonly upstreams: readonly {
    name: string
    breaker: string
    isHealthy: boolean
    busy: number
    connections: number
  }[]
}

/** The part of `fastify.gate` that is told. */
export interface GateState {
  readonly held: number
  readonly bypassed: number
}

const MODES = ['live', 'maintenance', 'read-only', 'hold']
const BREAKER_STATES = ['closed', 'half-open', 'open']

export function maintenanceSamples(maintenance: MaintenanceState): Sample[] {
  const { site, isKnown, state, isOverdue, inFlight } = maintenance
  const abandoned = {
    name: 'intermission_abandoned_requests',
    labels: { site },
    value: inFlight.abandoned
  } as const
  if (!isKnown) return [abandoned]
  return [
    abandoned,
    ...stateSet('intermission_mode', { site }, 'mode', MODES, state.mode),
    {
      name: 'intermission_mode_since_timestamp_seconds',
      labels: { site },
      value: Date.parse(state.since) / 1000
    },
    { name: 'intermission_overdue', labels: { site }, value: Number(isOverdue) }
  ]
}

export function gateSamples(site: string, { held, bypassed }: GateState): Sample[] {
  return [
    { name: 'intermission_held_requests', labels: { site, held_by: 'gate' }, value: held },
    { name: 'intermission_bypassed_requests', labels: { site }, value: bypassed }
  ]
}

export function proxySamples(site: string, { inFlight, held, tunnels, upstreams }: ProxyState): Sample[] {
  return [
    { name: 'intermission_in_flight_requests', labels: { site }, value: inFlight },
    { name: 'intermission_held_requests', labels: { site, held_by: 'upstream' }, value: held },
    { name: 'intermission_tunnels', labels: { site }, value: tunnels },
    ...upstreams.flatMap(({ name: upstream, breaker, isHealthy, busy, connections }): Sample[] => [
      ...stateSet('intermission_upstream_breaker', { site, upstream }, 'state', BREAKER_STATES, breaker),
      { name: 'intermission_upstream_healthy', labels: { site, upstream }, value: Number(isHealthy) },
      { name: 'intermission_upstream_connections', labels: { site, upstream }, value: connections },
      { name: 'intermission_upstream_busy_connections', labels: { site, upstream }, value: busy }
    ])
  ]
}

// One of several states, as Prometheus has it: 1 for the one, 0 for the others.
function stateSet(
  name: 'intermission_mode' | 'intermission_upstream_breaker',
  labels: Record<string, string>,
  label: string,
  states: readonly string[],
  current: string
): Sample[] {
  return states.map((state) => ({
    name,
    labels: { ...labels, [label]: state },
    value: Number(state === current)
  }))
}
