import type { SiteFacts } from './admin/status.ts'
import type { Sample } from './metrics/samples.ts'

type Facts = Record<string, Partial<SiteFacts>>

/** What workers had under way when they died: the app may go on with it for a while, as with what was given up. */
export interface WorkerLeftovers {
  /** A worker has died. @param facts what its sites were doing when it was heard last */
  add(facts: Facts): void
  /** What is left, by site. */
  readonly facts: Facts
  /** How many requests that are, of some sites. */
  count(sites: readonly string[]): number
  samples(): Sample[]
}

interface Leftover {
  site: string
  count: number
  untilMs: number
}

/** @param timeoutMsOf how long the app of a site may go on with what was given up; 0: nobody cares */
export function createWorkerLeftovers(timeoutMsOf: (site: string) => number): WorkerLeftovers {
  let all: Leftover[] = []

  function left(): Leftover[] {
    all = all.filter(({ untilMs }) => untilMs > performance.now())
    return all
  }

  function facts(): Facts {
    const sums: Record<string, { abandoned: number }> = {}
    for (const { site, count } of left()) {
      sums[site] ??= { abandoned: 0 }
      sums[site].abandoned += count
    }
    return sums
  }

  return {
    add(given) {
      for (const [site, { inFlight = 0, abandoned = 0 }] of Object.entries(given)) {
        // What it has begun since it was heard is not known: there may have been something.
        const count = Math.max(1, inFlight + abandoned)
        all.push({ site, count, untilMs: performance.now() + timeoutMsOf(site) })
      }
    },
    get facts() {
      return facts()
    },
    count: (sites) => sites.reduce((sum, site) => sum + (facts()[site]?.abandoned ?? 0), 0),
    samples: () =>
      Object.entries(facts()).map(([site, { abandoned = 0 }]) => ({
        name: 'intermission_abandoned_requests',
        labels: { site },
        value: abandoned
      }))
  }
}
