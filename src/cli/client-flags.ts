import type { GivenFlags } from '../config/flags.ts'
import { flagOf } from '../config/option.ts'
import { parseDurationMs } from '../duration.ts'
import { InputError } from '../errors.ts'
import { INSTANT_ALLOWED, parseInstant } from '../state/instant.ts'
import type { BodyFlag } from './change-flags.ts'
import { operatorName } from './operator.ts'
import type { Io } from './verb.ts'

/** The body of a change, by the fields of the admin API. */
export type ChangeBody = Record<string, unknown>

/**
 * The text of a flag that counts once.
 *
 * @throws InputError when it was given several times: which one counts would be a guess
 */
export function textOf(flags: GivenFlags, name: string): string | undefined {
  const given = flags[name] as readonly string[] | undefined
  if (given && given.length > 1) throw new InputError(flagOf(name), given, 'one value')
  return given?.[0]
}

/** The number of `--if-revision`, or undefined. */
export function revisionOf(flags: GivenFlags): number | undefined {
  const text = textOf(flags, 'ifRevision')
  if (text === undefined) return undefined
  if (!/^\d{1,15}$/.test(text)) throw new InputError('--if-revision', text, 'a whole number such as 7')
  return Number(text)
}

/**
 * What flags say, as the body of a change, and who says it. What can be known here is said here, whether or not a gateway runs; the
 * admin API checks all of it again.
 *
 * @throws InputError that names the flag
 */
export function bodyOf(flags: GivenFlags, rows: readonly BodyFlag[], { env }: Pick<Io, 'env'>): ChangeBody {
  const body: ChangeBody = { by: operatorName(env) }
  for (const row of rows) {
    const value = fieldOf(flags, row)
    if (value !== undefined) body[row.field ?? row.name] = value
  }
  if (body.for !== undefined && body.until !== undefined)
    throw new InputError('--for', body.for, 'either --for or --until')
  return body
}

function fieldOf(flags: GivenFlags, { name, metavar, list }: BodyFlag): unknown {
  if (metavar === null || list) return flags[name]
  const text = textOf(flags, name)
  if (text !== undefined) check(flagOf(name), text, metavar)
  return text
}

function check(flag: string, text: string, metavar: string): void {
  const words = metavar.split('|')
  if (metavar === 'DUR') parseDurationMs(text, flag)
  else if (metavar === 'TIME' && parseInstant(text) === undefined)
    throw new InputError(flag, text, INSTANT_ALLOWED)
  else if (words.length > 1 && !words.includes(text)) throw new InputError(flag, text, words.join(' or '))
}
