/** Asks for sites, again and again, whether they are healthy. */
export interface Recovery {
  /** From now on asks for exactly these; for a new one at once. Nothing of it keeps a process alive. */
  watch(sites: readonly string[]): void
}

export interface RecoveryOptions {
  isHealthy: (site: string) => Promise<boolean>
  /** Called for each yes. */
  onHealthy: (site: string) => Promise<unknown>
  onError: (error: unknown, doing: string) => void
  /** Time between an answer and the next question. */
  intervalMs: number
}

interface Watched {
  timer?: NodeJS.Timeout
}

export function createRecovery(options: RecoveryOptions): Recovery {
  const { isHealthy, onHealthy, onError, intervalMs } = options
  const watched = new Map<string, Watched>()

  return {
    watch(sites) {
      for (const [site, { timer }] of watched) {
        if (sites.includes(site)) continue
        clearTimeout(timer)
        watched.delete(site)
      }
      for (const site of sites) {
        if (watched.has(site)) continue
        const self: Watched = {}
        watched.set(site, self)
        void ask(site, self)
      }
    }
  }

  async function ask(site: string, self: Watched): Promise<void> {
    try {
      if ((await isHealthy(site)) && watched.get(site) === self) await onHealthy(site)
    } catch (error) {
      onError(error, `opening site ${site} once it is healthy`)
    }
    if (watched.get(site) !== self) return
    self.timer = setTimeout(() => void ask(site, self), intervalMs)
    self.timer.unref()
  }
}
