import { flagOf } from '../config/option.ts'
import { parseDurationMs } from '../duration.ts'
import { InputError } from '../errors.ts'
import { INSTANT_ALLOWED, parseInstant } from '../state/instant.ts'
import { createAdminClient } from './admin-client.ts'
import { revisionOf, textOf } from './client-flags.ts'
import { describeMode } from './describe.ts'
import { EXIT } from './exit-codes.ts'
import { operatorName } from './operator.ts'
import type { RunVerb } from './verb.ts'

const BODY_FLAGS = ['message', 'reason', 'until', 'for', 'onExpiry', 'retryAfter'] as const

export const run: RunVerb = async (flags, io) => {
  const body: Record<string, string> = { by: operatorName(io.env) }
  for (const name of BODY_FLAGS) {
    const text = textOf(flags, name)
    if (text !== undefined) body[name] = text
  }
  // What can be known here is said here, whether or not a gateway runs. The admin API checks all of it again.
  if (body.for !== undefined && body.until !== undefined) {
    throw new InputError('--for', body.for, 'either --for or --until')
  }
  for (const name of ['for', 'retryAfter']) {
    if (body[name] !== undefined) parseDurationMs(body[name], flagOf(name))
  }
  if (body.until !== undefined && parseInstant(body.until) === undefined) {
    throw new InputError('--until', body.until, INSTANT_ALLOWED)
  }
  if (body.onExpiry !== undefined && !['leave', 'stay'].includes(body.onExpiry)) {
    throw new InputError('--on-expiry', body.onExpiry, 'leave or stay')
  }
  const answer = await createAdminClient(flags, io).put('/maintenance', body, revisionOf(flags))
  io.out(flags.json ? JSON.stringify(answer) : describeMode(answer, io.color).join('\n'))
  return EXIT.ok
}
