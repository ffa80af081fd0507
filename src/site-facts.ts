import type { SiteFacts, UpstreamStatus } from './admin/status.ts'
import type { Gateway } from './gateway.ts'
import type { Control } from './state/control.ts'

/** What the sites of one process are doing, by name. */
export function siteFacts(gateway: Gateway, control: Control): Record<string, Partial<SiteFacts>> {
  return Object.fromEntries(control.siteNames.map((name) => [name, gateway.factsOf(name)]))
}

/** The same of several processes: numbers add up, and an upstream is as well as the worst opinion of it. */
export function addFacts(all: readonly Partial<SiteFacts>[]): Omit<SiteFacts, 'hosts'> {
  const sum = (of: (facts: Partial<SiteFacts>) => number | undefined): number =>
    all.reduce((total, facts) => total + (of(facts) ?? 0), 0)
  const ages = all.flatMap(({ oldestInFlightMs }) => oldestInFlightMs ?? [])
  return {
    upstreams: addUpstreams(all.flatMap(({ upstreams = [] }) => upstreams)),
    inFlight: sum(({ inFlight }) => inFlight),
    oldestInFlightMs: ages.length === 0 ? null : Math.max(...ages),
    abandoned: sum(({ abandoned }) => abandoned),
    bypassed: sum(({ bypassed }) => bypassed),
    held: sum(({ held }) => held),
    tunnels: sum(({ tunnels }) => tunnels)
  }
}

function addUpstreams(all: readonly UpstreamStatus[]): UpstreamStatus[] {
  const byName = new Map<string, UpstreamStatus>()
  for (const upstream of all) {
    const sum = byName.get(upstream.name)
    byName.set(upstream.name, {
      name: upstream.name,
      breaker: sum === undefined || sum.breaker === 'closed' ? upstream.breaker : sum.breaker,
      isHealthy: upstream.isHealthy && sum?.isHealthy !== false,
      busy: upstream.busy + (sum?.busy ?? 0),
      connections: upstream.connections + (sum?.connections ?? 0)
    })
  }
  return [...byName.values()]
}
