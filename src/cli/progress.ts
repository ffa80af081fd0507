import type { AdminClient } from './admin-client.ts'
import { sitesOf } from './describe.ts'
import { left } from './describe-wait.ts'
import type { Io } from './verb.ts'

const ASK_EVERY_MS = 500

/**
 * Shows on a terminal what a drain still waits for, by asking the status again and again.
 *
 * @param site the one that drains; undefined for all
 * @returns ends it and takes the line away
 */
export function showProgress(client: AdminClient, site: string | undefined, io: Io): () => void {
  if (io.progress === null) return () => undefined
  const { progress } = io
  let isOver = false
  const ask = async (): Promise<void> => {
    try {
      const status = await client.get('/status', 'sites')
      const sites = sitesOf(status).filter((one) => site === undefined || one.site === site)
      const inFlight = sites.reduce((sum, site) => sum + Number(site.inFlight ?? 0), 0)
      const abandoned = sites.reduce((sum, site) => sum + Number(site.abandoned ?? 0), 0)
      const ages = sites.flatMap(({ oldestInFlightMs: ms }) => (typeof ms === 'number' ? [ms] : []))
      const text = left(inFlight, Math.max(0, ...ages), abandoned).join('; ')
      if (!isOver && text !== '') progress(`waiting: ${text}`)
    } catch {
      // The change itself will tell what is wrong.
    }
  }
  const timer = setInterval(() => void ask(), ASK_EVERY_MS)
  return () => {
    isOver = true
    clearInterval(timer)
    progress('')
  }
}
