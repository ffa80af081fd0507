import { loadSettings } from '../config/load.ts'
import { ConfigError } from '../config/problems.ts'
import { checkSites, checkStoreCa } from './check-files.ts'
import type { RunVerb } from './verb.ts'

export const run: RunVerb = async (flags, { env }) => {
  const { isWorker } = (await import('node:cluster')).default
  // The primary has read the configuration, and tells it.
  if (isWorker) return (await import('../worker.ts')).runWorker()
  const settings = loadSettings({ flags, env })
  const problems = [...(await checkSites(settings)), ...checkStoreCa(settings)]
  if (problems.length > 0) throw new ConfigError(problems)
  const { runServer } = await import('../server.ts')
  return runServer(settings)
}
