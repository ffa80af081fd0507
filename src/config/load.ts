import { fromEnvironment, unknownVariables } from './environment.ts'
import { type FileOutcome, readConfigFile } from './file.ts'
import { fromFlags, type GivenFlags } from './flags.ts'
import type { Source } from './given.ts'
import { envOf, flagOf } from './option.ts'
import { CONFIG_OPTION, OPTIONS } from './options.ts'
import { ConfigError, type ConfigProblem } from './problems.ts'
import { type Layers, type Origins, resolveSettings, SETTING_NAMES, type SettingName } from './resolve.ts'
import { applyRules } from './rules.ts'
import type { OptionValues, ProcessOptions, Settings } from './settings.ts'
import { checkHosts, defaultSite, type LoadedSite, loadSites, SITE_SETTING_NAMES } from './sites.ts'

const OPTION_LIST = SETTING_NAMES.map((name) => OPTIONS[name])
const FILE_KEYS = { options: OPTION_LIST, siteOptions: SITE_SETTING_NAMES.map((name) => OPTIONS[name]) }
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
  /** What the top level has, and where each value came from. */
  values: OptionValues
  origins: Origins
  /** The sites of the file, which are in the settings too, and where their values came from. */
  sites: LoadedSite[]
  /** How somebody spelled an option, and where; of a site besides `default` when it is named. */
  spelled(key: SettingName, site?: string): Spelled
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
    ['file', file.given],
    ['environment', fromEnvironment(env, OPTION_NAMES, cwd)],
    ['flag', fromFlags(flags, OPTION_NAMES, cwd)]
  ]
  const resolved = resolveSettings(SETTING_NAMES, layers, { env, baseDir: cwd })
  const context = { env, baseDir: cwd, stateDir: resolved.values.stateDir ?? '' }
  const { loaded, problems: ofSites } = loadSites(file.sites, resolved.values, context)
  problems.push(...resolved.problems, ...ofSites)
  if (problems.length > 0) throw new ConfigError(problems)
  const values = resolved.values as OptionValues
  const origins = resolved.origins as Origins
  const spelled = (key: SettingName): Spelled => spelling(key, origins[key], layers)
  problems.push(...applyRules(values, origins, spelled))
  const sites = [...defaultSite(values), ...loaded.map((site) => site.settings)]
  const spelledIn = (key: SettingName, site?: string): Spelled =>
    (site === undefined ? undefined : spellingInSite(site, key, file.sites)) ?? spelled(key)
  const hostsOf = (site: string): Spelled => spelledIn('hosts', site)
  problems.push(...checkHosts(sites, values.unknownHost, hostsOf, () => spelled('unknownHost')))
  if (problems.length > 0) throw new ConfigError(problems)
  return {
    settings: { ...processOptions(values), sites },
    values,
    origins,
    sites: loaded,
    spelled: spelledIn
  }
}

/**
 * Reads only some settings, from flags and environment: for a client, which shares the operator's environment but
 * not the gateway's file.
 *
 * @throws ConfigError
 */
export function loadSome<K extends SettingName>(
  names: readonly K[],
  input: LoadInput
): Pick<OptionValues, K> {
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
  return values as Pick<OptionValues, K>
}

function fromFile(
  flags: GivenFlags,
  env: NodeJS.ProcessEnv,
  cwd: string,
  problems: ConfigProblem[]
): Pick<FileOutcome, 'given' | 'sites'> {
  const { name } = CONFIG_OPTION
  const [[, given] = []] = [...fromFlags(flags, [name], cwd)]
  if (given && given.length > 1)
    problems.push({ name: flagOf(name), place: null, text: 'is given more than once' })
  const [from, path] = given?.[0] ? [flagOf(name), given[0].text ?? ''] : [envOf(name), env[envOf(name)]]
  if (path === undefined) return { given: new Map(), sites: [] }
  const outcome = readConfigFile(path, from, cwd, FILE_KEYS)
  problems.push(...outcome.problems)
  return outcome
}

export type Spelled = Pick<ConfigProblem, 'name' | 'place'>

// How the one who gave the winning value spelled the option, and where.
function spelling(key: SettingName, origin: Source, layers: Layers): Spelled {
  const { name } = OPTIONS[key]
  const [, given] = layers.find(([source]) => source === origin) ?? []
  const [first] = given?.get(name) ?? []
  return { name: first?.as ?? name, place: first?.place ?? null }
}

function spellingInSite(site: string, key: SettingName, sites: FileOutcome['sites']): Spelled | undefined {
  const found = sites.find(({ name }) => name === site)
  if (!found?.given.has(OPTIONS[key].name)) return undefined
  return spelling(key, 'file', [['file', found.given]])
}

function processOptions(values: OptionValues): ProcessOptions {
  const rest: Partial<OptionValues> = { ...values }
  for (const key of SITE_SETTING_NAMES) delete rest[key]
  return rest as ProcessOptions
}
