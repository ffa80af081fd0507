import { createAdminClient } from './admin-client.ts'
import { revisionOf, textOf } from './client-flags.ts'
import { describeMode } from './describe.ts'
import { EXIT } from './exit-codes.ts'
import { operatorName } from './operator.ts'
import type { RunVerb } from './verb.ts'

export const run: RunVerb = async (flags, io) => {
  const reason = textOf(flags, 'reason')
  const body = { by: operatorName(io.env), ...(reason !== undefined && { reason }) }
  const answer = await createAdminClient(flags, io).delete('/maintenance', body, revisionOf(flags))
  io.out(flags.json ? JSON.stringify(answer) : describeMode(answer, io.color).join('\n'))
  return EXIT.ok
}
