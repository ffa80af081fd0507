import { loadChecked } from './load-checked.ts'
import type { RunVerb } from './verb.ts'

export const run: RunVerb = async (flags, { env }) => {
  const { isWorker } = (await import('node:cluster')).default
  // The primary has read the configuration, and tells it.
  if (isWorker) return (await import('../worker.ts')).runWorker()
  // A reload reads from where the start did, wherever the process has gone to.
  const cwd = process.cwd()
  const load = () => loadChecked({ flags, env, cwd })
  const first = await load()
  const { runServer } = await import('../server.ts')
  return runServer(first, load)
}
