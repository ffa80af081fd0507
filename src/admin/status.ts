import { hostname } from 'node:os'
import { packageVersion } from '../package-root.ts'
import type { Control } from '../state/control.ts'
import type { StateDocument } from '../state/document.ts'
import type { Maintenance } from '../state/site.ts'

/** What is known of one upstream. */
export interface UpstreamStatus {
  /** The address, as in the configuration. */
  name: string
  /** Whether it is used: `closed`, `open` or `half-open`. */
  breaker: 'closed' | 'open' | 'half-open'
  /** What the health check says; true without one. */
  isHealthy: boolean
  /** Connections that carry a request. */
  busy: number
  /** Connections, busy or kept. */
  connections: number
}

/** What a site is doing, as those know who serve it. */
export interface SiteFacts {
  /** The host names that lead to it. */
  hosts: readonly string[]
  /** What is known of each upstream. */
  upstreams: readonly UpstreamStatus[]
  /** Requests that were handed to the app and are not over. */
  inFlight: number
  /** Age of the oldest of them, in milliseconds. */
  oldestInFlightMs: number | null
  /** Requests that were given up, and that the app may still be working on. */
  abandoned: number
  /** Requests that pass the closed gate right now. */
  bypassed: number
  /** Requests that wait. */
  held: number
  /** Connections of another protocol, such as WebSockets. */
  tunnels: number
}

/** How the store is. */
export interface StoreStatus {
  /** Such as `file`. */
  kind: string
  /** Whether it could be reached last. */
  reachable: boolean
  /** Since when the state is only what was known last, ISO 8601 in UTC. */
  staleSince: string | null
}

/** One running gateway. */
export interface MemberStatus {
  /** What it is called when it is forgotten. */
  id: string
  /** The name of its host. */
  host: string
  /** The version of its software. */
  version: string
  /** Whether it is the one that answers. */
  isSelf: boolean
  /** `lost`: nothing is heard of it, so it may still forward requests. */
  state: 'live' | 'lost' | 'stopping'
  /** The shared revision that is in force there. */
  revision: number
  /** Whether nothing is in flight there from before that. */
  drained: boolean
  /** Requests that it has handed to the app and that are not over. */
  inFlight: number
  /** Requests that were given up there, and that the app may still be working on. */
  abandoned: number
  /** Null: it is the one that answers, or was never heard. */
  lastSeenAt: string | null
  /** Processes that serve there. */
  workers: number
  /** Why it does not take the state in the store; null when it does. */
  refused: string | null
}

/** What only the surroundings of the admin API know. Whatever is missing is shown as nothing. */
export interface StatusSources {
  /** What a site is doing. Default: nothing is known. */
  site?(name: string): Partial<SiteFacts>
  /** How the store is. Default: nothing is known. */
  store?(): StoreStatus
  /** Who shares the state. Default: nobody is named. */
  members?(): MemberStatus[]
  /** Makes `members()` new; waited for before an answer. */
  look?(): Promise<void>
  /** Whether traffic may come. */
  ready?(): boolean
}

export interface SiteStatus extends StateDocument, SiteFacts {
  overdue: boolean
  next: { id: string; from: string; until: string; message: string | null } | null
}

export interface Status extends Partial<StateDocument> {
  version: string
  startedAt: string
  /** The shared one. */
  revision: number
  inFlight: number
  abandoned: number
  held: number
  upstreams: UpstreamStatus[]
  store: StoreStatus
  members: MemberStatus[]
  sites: SiteStatus[]
}

const startedAt = new Date(Date.now() - performance.now()).toISOString()

/** Everything that is going on; a site that is alone stands on the top level too. */
export function statusOf(control: Control, sources: StatusSources): Status {
  const sites = control.siteNames.map((name) => siteStatus(control.site(name), sources.site?.(name)))
  const sum = (of: (site: SiteStatus) => number): number => sites.reduce((all, site) => all + of(site), 0)
  const totals = {
    version: packageVersion(),
    startedAt,
    revision: control.revision,
    inFlight: sum(({ inFlight }) => inFlight),
    abandoned: sum(({ abandoned }) => abandoned),
    held: sum(({ held }) => held),
    upstreams: sites.flatMap(({ upstreams }) => upstreams),
    store: sources.store?.() ?? { kind: 'unknown', reachable: control.isKnown, staleSince: null }
  }
  const members = sources.members?.() ?? [self(totals, sources)]
  const [only] = sites.length === 1 ? control.siteNames : []
  const document = only === undefined ? {} : control.site(only).state
  return { ...document, ...totals, members, sites }
}

function siteStatus(view: Maintenance, facts: Partial<SiteFacts> = {}): SiteStatus {
  const { state, next, isOverdue, inFlight } = view
  const { count, oldestMs, abandoned } = inFlight
  return {
    ...state,
    hosts: facts.hosts ?? [],
    overdue: isOverdue,
    next: next && { id: next.id, from: next.from, until: next.until, message: next.message },
    upstreams: facts.upstreams ?? [],
    inFlight: facts.inFlight ?? count,
    oldestInFlightMs: facts.oldestInFlightMs ?? oldestMs,
    abandoned: facts.abandoned ?? abandoned,
    bypassed: facts.bypassed ?? 0,
    held: facts.held ?? 0,
    tunnels: facts.tunnels ?? 0
  }
}

// A gateway that is alone is its only member.
function self(
  { version, revision, inFlight, abandoned }: Pick<Status, 'version' | 'revision' | 'inFlight' | 'abandoned'>,
  { ready }: StatusSources
): MemberStatus {
  const host = hostname()
  const state = ready?.() === false ? 'stopping' : 'live'
  const id = `${host}:${process.pid}`
  return {
    id,
    host,
    version,
    isSelf: true,
    state,
    revision,
    drained: inFlight + abandoned === 0,
    inFlight,
    abandoned,
    lastSeenAt: null,
    workers: 1,
    refused: null
  }
}
