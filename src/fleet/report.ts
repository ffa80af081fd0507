/** What a member says of itself with every beat. */
export interface Report {
  host: string
  /** Version of the software. */
  software: string
  /** When it started, ISO 8601 in UTC. */
  startedAt: string
  /** The version of the document that is in force there; empty for none, or while not everybody there has it. */
  applied: string
  /** Why the document in the store is not taken; null when there is nothing wrong. */
  refused: string | null
  /** Whether it lets nobody through by itself once it has heard nothing of the store for the time of a lease. */
  fences: boolean
  isStopping: boolean
  workers: number
  /** Requests that were handed to the app and are not over, of all sites. */
  inFlight: number
  /** Requests of all sites that were given up, and may still be running. */
  abandoned?: number
  /** Of the sites that it serves and that the document has in another mode than live. */
  sites: Record<string, SiteReport>
}

export interface SiteReport {
  /** Whether everything is over that began before the site's document came into force. */
  drained: boolean
  /** What is left of that. */
  inFlight: number
  /** What was given up of it, and may still be running. */
  abandoned?: number
  /** Age of the oldest of it, in milliseconds. */
  oldestMs: number | null
}

/** @returns undefined for what no member of this version would have written */
export function parseReport(text: string): Report | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  return isReport(value) ? value : undefined
}

function isReport(value: unknown): value is Report {
  if (!isObject(value) || !isObject(value.sites)) return false
  const { host, software, startedAt, applied, refused, fences, isStopping, sites } = value
  const { workers, inFlight, abandoned = 0 } = value
  return (
    [host, software, startedAt, applied, refused ?? ''].every((each) => typeof each === 'string') &&
    [fences, isStopping].every((each) => typeof each === 'boolean') &&
    [workers, inFlight, abandoned].every(isCount) &&
    Object.values(sites).every(isSiteReport)
  )
}

function isSiteReport(value: unknown): value is SiteReport {
  if (!isObject(value)) return false
  const { drained, inFlight, abandoned = 0, oldestMs } = value
  const areCounts = [inFlight, abandoned, oldestMs ?? 0].every(isCount)
  return typeof drained === 'boolean' && areCounts && oldestMs !== undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0
}
