import { createAdminClient } from './admin-client.ts'
import { describeMode, describeUpstreams, MODE_FIELDS, row } from './describe.ts'
import { EXIT } from './exit-codes.ts'
import type { RunVerb } from './verb.ts'

export const run: RunVerb = async (flags, io) => {
  const answer = await createAdminClient(flags, io).get('/status')
  if (flags.json) {
    io.out(JSON.stringify(answer))
    return EXIT.ok
  }
  const lines = describeMode(answer, io.color)
  lines.push(...describeUpstreams(answer.upstreams))
  for (const [name, value] of Object.entries(answer)) {
    if (!MODE_FIELDS.has(name) && !(name === 'site' && value === 'default') && typeof value !== 'object')
      lines.push(...row(words(name), value))
  }
  io.out(lines.join('\n'))
  return EXIT.ok
}

/** `inFlight` is `in flight`. */
function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}
