import type { Given, GivenOptions } from './given.ts'
import { flagOf } from './option.ts'

/** Parsed flags by the name of the option; a switch is `true`. Other names are left alone. */
export type GivenFlags = Readonly<Record<string, unknown>>

/** What the flags give for these options. */
export function fromFlags(flags: GivenFlags, names: readonly string[], cwd: string): GivenOptions {
  const given = new Map<string, Given[]>()
  for (const name of names) {
    const value = flags[name]
    if (value === undefined) continue
    const values: unknown[] = Array.isArray(value) ? value : [value]
    given.set(
      name,
      values.map((one) => ({ value: one, text: String(one), as: flagOf(name), place: null, baseDir: cwd }))
    )
  }
  return given
}
