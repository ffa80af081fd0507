import { fromEnvironment, unknownVariables } from './environment.ts'
import { readConfigFile } from './file.ts'
import { fromFlags, type GivenFlags } from './flags.ts'
import type { GivenOptions, Source } from './given.ts'
import { envOf, flagOf } from './option.ts'
import { CONFIG_OPTION, OPTIONS } from './options.ts'
import { ConfigError, type ConfigProblem } from './problems.ts'
import { type Layers, type Origins, resolveSettings, SETTING_NAMES, type SettingName } from './resolve.ts'
import { applyRules } from './rules.ts'
import type { Settings } from './settings.ts'

const OPTION_LIST = SETTING_NAMES.map((name) => OPTIONS[name])
const OPTION_NAMES = OPTION_LIST.map((option) => option.name)
const KNOWN_VARIABLES = [CONFIG_OPTION.name, ...OPTION_NAMES]

export interface LoadInput {
  /** By the name of the option, as commander gives them: `{ connectTimeout: '2s', listen: ['…'], recover: true }`. */
  flags: GivenFlags
  env: NodeJS.ProcessEnv
  /** Folder that relative paths in flags and variables start from. Default: the working directory. */
  cwd?: string
}

export interface LoadedSettings {
  settings: Settings
  /** Where each value came from. */
  origins: Origins
}

/**
 * Reads the whole configuration: flag before environment before file before default.
 *
 * @throws ConfigError with everything that is wrong, in all sources at once
 */
export function loadSettings(input: LoadInput): Settings {
  return loadWithOrigins(input).settings
}

/** As {@link loadSettings}, and tells where each value came from. */
export function loadWithOrigins({ flags, env, cwd = process.cwd() }: LoadInput): LoadedSettings {
  const problems: ConfigProblem[] = unknownVariables(env, KNOWN_VARIABLES)
  const file = fromFile(flags, env, cwd, problems)
  const layers: Layers = [
    ['file', file],
    ['environment', fromEnvironment(env, OPTION_NAMES, cwd)],
    ['flag', fromFlags(flags, OPTION_NAMES, cwd)]
  ]
  const resolved = resolveSettings(SETTING_NAMES, layers, { env, baseDir: cwd })
  problems.push(...resolved.problems)
  if (problems.length > 0) throw new ConfigError(problems)
  const settings = resolved.values as Settings
  const origins = resolved.origins as Origins
  problems.push(...applyRules(settings, origins, (name) => spelling(name, origins[name], layers)))
  if (problems.length > 0) throw new ConfigError(problems)
  return { settings, origins }
}

/**
 * Reads only some settings, from flags and environment: for a client, which shares the operator's environment but
 * not the gateway's file.
 *
 * @throws ConfigError
 */
export function loadSome<K extends SettingName>(names: readonly K[], input: LoadInput): Pick<Settings, K> {
  const { flags, env, cwd = process.cwd() } = input
  const given = names.map((name) => OPTIONS[name].name)
  const layers: Layers = [
    ['environment', fromEnvironment(env, given, cwd)],
    ['flag', fromFlags(flags, given, cwd)]
  ]
  const { values, origins, problems } = resolveSettings(names, layers, { env, baseDir: cwd })
  if (problems.length > 0) throw new ConfigError(problems)
  const wrong = applyRules(values, origins, (name) => spelling(name, origins[name] ?? 'default', layers))
  if (wrong.length > 0) throw new ConfigError(wrong)
  return values as Pick<Settings, K>
}

function fromFile(
  flags: GivenFlags,
  env: NodeJS.ProcessEnv,
  cwd: string,
  problems: ConfigProblem[]
): GivenOptions {
  const { name } = CONFIG_OPTION
  const [[, given] = []] = [...fromFlags(flags, [name], cwd)]
  if (given && given.length > 1)
    problems.push({ name: flagOf(name), place: null, text: 'is given more than once' })
  const [from, path] = given?.[0] ? [flagOf(name), given[0].text ?? ''] : [envOf(name), env[envOf(name)]]
  if (path === undefined) return new Map()
  const outcome = readConfigFile(path, from, cwd, OPTION_LIST)
  problems.push(...outcome.problems)
  return outcome.given
}

// How the one who gave the winning value spelled the option, and where.
function spelling(key: SettingName, origin: Source, layers: Layers): Pick<ConfigProblem, 'name' | 'place'> {
  const { name } = OPTIONS[key]
  const [, given] = layers.find(([source]) => source === origin) ?? []
  const [first] = given?.get(name) ?? []
  return { name: first?.as ?? name, place: first?.place ?? null }
}
