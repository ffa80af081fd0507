import { type ConfigProblem, problemLine } from '../config/problems.ts'
import { createAdminClient } from './admin-client.ts'
import { EXIT } from './exit-codes.ts'
import type { RunVerb } from './verb.ts'

/** Pages are rendered and compressed anew, and others may have asked for a reload before. */
const WAIT_MS = 45_000

export const run: RunVerb = async (flags, io) => {
  const call = { method: 'POST', path: '/reload', waitMs: WAIT_MS, expects: ['changed', 'errors'] } as const
  const { status, body } = await createAdminClient(flags, io).send({ ...call, accepts: [422] })
  if (flags.json) io.out(JSON.stringify(body))
  if (status === 422) {
    if (!flags.json) for (const problem of body.errors as ConfigProblem[]) io.err(problemLine(problem))
    io.err(String(body.detail))
    return EXIT.usage
  }
  const changed = body.changed as string[]
  if (!flags.json) io.out(changed.length === 0 ? 'reloaded' : `reloaded; changed: ${changed.join(', ')}`)
  return EXIT.ok
}
