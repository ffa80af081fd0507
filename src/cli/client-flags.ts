import type { GivenFlags } from '../config/flags.ts'
import { flagOf } from '../config/option.ts'
import { InputError } from '../errors.ts'

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
