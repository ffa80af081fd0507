import type { Judge } from './judge.ts'
import type { Site } from './site.ts'
import type { PublicStatus } from './status-endpoint.ts'

export interface StatusSources {
  site: Site
  judge: Judge
  /** Whether the app is there, as far as it is known. */
  isReachable(): boolean
  /** What `Retry-After` says now. */
  retryAfterSeconds(): number
}

/** @param path whose state is asked for; null for the site as a whole */
export function publicStatus(sources: StatusSources, path: string | null): PublicStatus {
  const { site, judge } = sources
  const next = announced(site)
  const nothing = { message: null, until: null, retryAfterSeconds: null, next }
  if (!site.isKnown) return { state: 'starting', ...nothing }
  const { mode, message, until } = site.state
  const met = path === null ? mode : judge.modeAt(path)
  // What can be read only can be read, as long as there is somebody who answers.
  if ((met === 'live' || met === 'read-only') && !sources.isReachable()) return { state: 'down', ...nothing }
  if (met === 'live') return { state: 'up', ...nothing }
  return { state: met, message, until, retryAfterSeconds: sources.retryAfterSeconds(), next }
}

function announced({ next }: Site): PublicStatus['next'] {
  if (next === null) return null
  const { from, until, message } = next
  return { from, until, message }
}
