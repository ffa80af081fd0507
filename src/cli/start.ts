import { loadSettings } from '../config/load.ts'
import type { RunVerb } from './verb.ts'

export const run: RunVerb = async (flags, { env }) => {
  const settings = loadSettings({ flags, env })
  const { runServer } = await import('../server.ts')
  return runServer(settings)
}
