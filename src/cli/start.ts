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
  return runServer(first, load, takeInherited(env), env.NOTIFY_SOCKET !== undefined)
}

/** How many sockets were handed over to this very process (sd_listen_fds(3)). Not to those that it starts. */
function takeInherited(env: NodeJS.ProcessEnv): number {
  const { LISTEN_PID: pid, LISTEN_FDS: count } = env
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name]
  return pid === String(process.pid) && /^[1-9]\d{0,3}$/.test(count ?? '') ? Number(count) : 0
}
