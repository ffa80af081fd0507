import { InputError } from '../errors.ts'
import type { Given, GivenOptions, Source } from './given.ts'
import type { OptionSpec, ReadContext } from './option.ts'
import { OPTIONS } from './options.ts'
import { type ConfigProblem, refusal } from './problems.ts'
import type { OptionValues } from './settings.ts'

export type SettingName = keyof OptionValues

export const SETTING_NAMES = Object.keys(OPTIONS) as SettingName[]

/** Where the value of each setting came from. */
export type Origins = Record<SettingName, Source>

/** What several sources give, weakest first. */
export type Layers = readonly (readonly [Source, GivenOptions])[]

export interface Resolved {
  /** Complete only when there is no problem. */
  values: Partial<OptionValues>
  origins: Partial<Origins>
  problems: ConfigProblem[]
}

/** Reads the given values of the wanted settings; the strongest source of each wins, but all of them are checked. */
export function resolveSettings(
  wanted: readonly SettingName[],
  layers: Layers,
  context: Omit<ReadContext, 'stateDir'>
): Resolved {
  const resolved: Resolved = { values: {}, origins: {}, problems: [] }
  const inner: ReadContext = { ...context, stateDir: '' }
  // Others have their place in the state folder.
  for (const name of ['stateDir', ...wanted.filter((other) => other !== 'stateDir')] as const) {
    resolveOne(name, layers, inner, resolved)
    if (name === 'stateDir') inner.stateDir = resolved.values.stateDir ?? ''
  }
  return resolved
}

/** Reads the value of one setting from whoever gives it, or takes its default. */
export function resolveOne<K extends SettingName>(
  key: K,
  layers: Layers,
  context: ReadContext,
  resolved: Resolved
): void {
  const option: OptionSpec<OptionValues[K]> = OPTIONS[key]
  for (const [source, given] of layers) {
    const values = given.get(option.name)
    if (!values) continue
    resolved.origins[key] = source
    const value = values[0]?.isDefault
      ? option.fallback(context)
      : readAll(option, values, context, resolved.problems)
    if (value !== undefined) resolved.values[key] = value
  }
  if (resolved.origins[key]) return
  resolved.origins[key] = 'default'
  try {
    resolved.values[key] = option.fallback(context)
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const text = refusal(context.env[error.field], error.allowed)
    resolved.problems.push({ name: error.field, place: null, text })
  }
}

function readAll<T>(
  option: OptionSpec<T>,
  values: readonly Given[],
  context: ReadContext,
  problems: ConfigProblem[]
): T | undefined {
  if (!option.list) {
    const [first, second] = values
    if (second) problems.push({ name: second.as, place: second.place, text: 'is given more than once' })
    return first && readText(option, first, first.text, context, problems)
  }
  const items = values.flatMap((given) => {
    if (given.empty) return []
    const texts = given.text?.split(',').map((part) => part.trim()) ?? [undefined]
    return texts.map((text) => readText(option, given, text, context, problems))
  })
  const all = items.flat().filter((item) => item !== undefined) as T
  return option.tidy ? option.tidy(all) : all
}

function readText<T>(
  option: OptionSpec<T>,
  given: Given,
  text: string | undefined,
  context: ReadContext,
  problems: ConfigProblem[]
): T | undefined {
  try {
    // No reader takes empty text, so one that gets no text at all says what it would have taken.
    return option.read(text ?? '', { ...context, baseDir: given.baseDir })
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    const value = text === undefined ? given.value : (option.mask?.(text) ?? text)
    problems.push({ name: given.as, place: given.place, text: refusal(value, error.allowed, option.secret) })
    return undefined
  }
}
