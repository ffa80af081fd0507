import type { Barrier } from '../state/barrier.ts'
import type { SharedState } from '../state/shared-state.ts'
import type { SiteReport } from './report.ts'

/** Those who serve requests on this machine, as the fleet sees them: one process, or several workers. */
export interface Crew {
  /** Of this machine: a change is in force, and what was before it is over. */
  readonly barrier: Barrier
  /** The shared revision that is in force here. */
  readonly revision: number
  /** The sites that are served here. */
  readonly siteNames: readonly string[]
  readonly inFlight: number
  /** Given up, and perhaps still running. */
  readonly abandoned: number
  readonly workers: number
  /** Ends every request that is under way, in the middle. */
  abort(): void
}

/** What a crew has made of a state. */
export interface CrewReport {
  isApplied: boolean
  sites: Record<string, SiteReport>
}

/** Looks how far a crew is with a state. Waits for nobody. */
export async function lookAt(crew: Crew, state: SharedState): Promise<CrewReport> {
  const now = { timeoutMs: 0, force: false }
  const { outcome } = await crew.barrier.wait({
    ...now,
    revision: state.revision,
    sites: [],
    want: 'applied'
  })
  const sites = await Promise.all(
    closedSites(crew, state).map(async ({ site, revision }) => {
      const wait = await crew.barrier.wait({ ...now, revision, sites: [site], want: 'drained' })
      const { inFlight, abandoned, oldestMs } = wait
      return [site, { drained: wait.outcome === 'complete', inFlight, abandoned, oldestMs }] as const
    })
  )
  return { isApplied: outcome === 'complete', sites: Object.fromEntries(sites) }
}

/** The sites that are served here and are not live. */
export function closedSites(crew: Crew, state: SharedState): { site: string; revision: number }[] {
  return crew.siteNames.flatMap((site) => {
    const document = Object.hasOwn(state.sites, site) ? state.sites[site] : undefined
    return document === undefined || document.mode === 'live' ? [] : [{ site, revision: document.revision }]
  })
}
