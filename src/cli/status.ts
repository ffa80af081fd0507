import { type AdminClient, createAdminClient } from './admin-client.ts'
import { describeStatus } from './describe-status.ts'
import { EXIT } from './exit-codes.ts'
import type { Io, RunVerb } from './verb.ts'
import { watch } from './watch.ts'

export const run: RunVerb = async (flags, io) => {
  const client = createAdminClient(flags, io)
  const show = async (): Promise<string> => textOf(client, flags.json === true, io)
  if (flags.watch) return watch(show, io)
  io.out(await show())
  return EXIT.ok
}

async function textOf(client: AdminClient, json: boolean, io: Io): Promise<string> {
  const status = await client.get('/status', 'sites', 'mode')
  return json ? JSON.stringify(status) : describeStatus(status, io).join('\n')
}
