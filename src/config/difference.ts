/** What a new configuration changes, and what of that a running gateway cannot take. */
import { isDeepStrictEqual } from 'node:util'
import { quote } from '../errors.ts'
import { effectiveOption } from './effective.ts'
import { SITES_KEY } from './file-sites.ts'
import type { LoadedSettings } from './load.ts'
import { OPTIONS } from './options.ts'
import { ConfigError, type ConfigProblem } from './problems.ts'
import { SETTING_NAMES, type SettingName } from './resolve.ts'
import { SITE_SETTING_NAMES } from './sites.ts'

/** What a process is built on: another value takes another process. */
const FIXED: readonly SettingName[] = [
  'stateDir',
  'store',
  'storeCa',
  'fleet',
  'fencing',
  'coldStart',
  'coldStartGraceMs',
  'workers'
]

/** @throws ConfigError that names each option which only a restart can change */
export function refuseFixed(before: LoadedSettings, after: LoadedSettings): void {
  const problems = FIXED.filter((key) => !isDeepStrictEqual(before.values[key], after.values[key])).map(
    (key): ConfigProblem => {
      const [is, was] = [after, before].map(({ values }) => quote(shown(key, values)))
      return { ...after.spelled(key), text: `${is} takes a restart; a reload cannot change it from ${was}` }
    }
  )
  if (problems.length > 0) throw new ConfigError(problems)
}

/** The options whose values are other ones, such as `drainTimeout` and `sites.shop.upstream`; `sites.shop` for a whole site. */
export function changedOptions(before: LoadedSettings, after: LoadedSettings): string[] {
  const names = SETTING_NAMES.filter((key) => !isDeepStrictEqual(before.values[key], after.values[key])).map(
    (key) => OPTIONS[key].name
  )
  const sites = new Set([...before.sites, ...after.sites].map(({ settings }) => settings.name))
  for (const site of sites) names.push(...changedInSite(`${SITES_KEY}.${site}`, site, before, after))
  return names
}

function changedInSite(label: string, site: string, before: LoadedSettings, after: LoadedSettings): string[] {
  const [was, is] = [before, after].map(({ sites }) => sites.find(({ settings }) => settings.name === site))
  if (was === undefined || is === undefined) return [label]
  return SITE_SETTING_NAMES.filter(
    (key) =>
      (was.origins[key] !== 'inherited' || is.origins[key] !== 'inherited') &&
      !isDeepStrictEqual(was.settings[key], is.settings[key])
  ).map((key) => `${label}.${OPTIONS[key].name}`)
}

function shown(key: SettingName, values: LoadedSettings['values']): unknown {
  return effectiveOption(key, values[key], 'file').value
}
