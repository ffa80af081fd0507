import type { GivenFlags } from '../config/flags.ts'
import { InputError } from '../errors.ts'
import { INSTANT_ALLOWED } from '../state/instant.ts'
import { createAdminClient } from './admin-client.ts'
import { CLOSURE_FLAGS, FROM, MAX_WAIT, REASON } from './change-flags.ts'
import { bodyOf, type ChangeBody, revisionOf, textOf } from './client-flags.ts'
import { instant, listOf, plain, row, type Said } from './describe-text.ts'
import { EXIT } from './exit-codes.ts'
import type { Io, RunVerb } from './verb.ts'

export const add: RunVerb = async (flags, io) => {
  const body = bodyOf(flags, [FROM, MAX_WAIT, ...CLOSURE_FLAGS], io)
  if (body.from === undefined) throw new InputError('--from', undefined, `${INSTANT_ALLOWED}: when it begins`)
  if (body.for === undefined && body.until === undefined)
    throw new InputError(
      '--until',
      undefined,
      `${INSTANT_ALLOWED}: when it ends; or how long it lasts by --for`
    )
  const site = textOf(flags, 'site')
  Object.assign(body, modeOf(flags), site === undefined ? {} : { site })
  return change('POST', '/schedule', body, flags, io)
}

export const remove: RunVerb = async (flags, io, [id = '']) =>
  change('DELETE', `/schedule/${encodeURIComponent(id)}`, bodyOf(flags, [REASON], io), flags, io)

export const list: RunVerb = async (flags, io) => {
  const answer = await createAdminClient(flags, io).get('/schedule', 'windows')
  const windows = listOf(answer.windows)
  if (flags.json) io.out(JSON.stringify(answer))
  else if (windows.length === 0) io.out('nothing is planned')
  else for (const window of windows) io.out(describe(window).join('\n'))
  return EXIT.ok
}

async function change(
  method: 'POST' | 'DELETE',
  path: string,
  body: ChangeBody,
  flags: GivenFlags,
  io: Io
): Promise<number> {
  const call = { method, path, body, ifRevision: revisionOf(flags), expects: ['from'] }
  const answer = await createAdminClient(flags, io).send(call)
  if (flags.json) io.out(JSON.stringify(answer.body))
  else io.out([...(method === 'DELETE' ? ['removed'] : []), ...describe(answer.body)].join('\n'))
  return EXIT.ok
}

function modeOf(flags: GivenFlags): ChangeBody {
  const modes = (['readOnly', 'hold'] as const).filter((name) => flags[name] === true)
  if (modes.length > 1) throw new InputError('--hold', '--hold --read-only', 'one of them')
  if (modes.length === 0) return {}
  return { mode: modes[0] === 'hold' ? 'hold' : 'read-only' }
}

function describe(window: Said): string[] {
  const { id, site, mode, from, until, by, message, reason, onExpiry } = window
  const nowMs = Date.now()
  return [
    `${plain(id)}  ${plain(mode)} of ${site === null ? 'every site' : plain(site)}`,
    ...row('from', instant(from, nowMs)),
    ...row('until', `${instant(until, nowMs)}, then ${plain(onExpiry)}`),
    ...row('message', message),
    ...row('reason', reason),
    ...row('by', by)
  ]
}
