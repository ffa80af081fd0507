import type { Settings } from './config/settings.ts'
import { type OpenListener, withLine } from './public-listeners.ts'
import type { Workers } from './workers.ts'

/** The listeners of the settings, served by workers; closing any of them stops the workers. */
export async function openWorkers(workers: Workers, settings: Settings): Promise<OpenListener[]> {
  const wanted = settings.listen.map((address) => {
    if (address.kind === 'unix') return address
    return { ...address, tls: address.tls ?? settings.tlsCert.length > 0 }
  })
  const targets = await workers.open([...wanted, ...settings.redirectListen])
  return targets.map((target, at) =>
    withLine(
      {
        target,
        close: workers.stop
      },
      at < wanted.length ? 'listening' : 'redirecting'
    )
  )
}
