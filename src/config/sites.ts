import { DEFAULT_SITE, SITES_KEY, type SiteInFile } from './file-sites.ts'
import type { ReadContext } from './option.ts'
import { OPTIONS } from './options.ts'
import type { ConfigProblem } from './problems.ts'
import { type Resolved, resolveOne } from './resolve.ts'
import type { OptionValues, SiteOptions, SiteSettings } from './settings.ts'
import { SITE_OPTIONS } from './site-options.ts'

export const SITE_SETTING_NAMES = Object.keys(SITE_OPTIONS) as (keyof SiteOptions)[]

/** Where the values of one site came from. */
export type SiteOrigins = Pick<Resolved['origins'], keyof SiteOptions>

export interface LoadedSite {
  settings: SiteSettings
  origins: SiteOrigins
}

/**
 * Reads the sites that a file gives. What a site does not say is inherited from the top level, but for its hosts.
 *
 * @param inherited the values of the top level; incomplete when something is wrong there
 */
export function loadSites(
  sites: readonly SiteInFile[],
  inherited: Partial<OptionValues>,
  context: ReadContext
): { loaded: LoadedSite[]; problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = []
  const loaded = sites.map(({ name, place, given }) => {
    const resolved: Resolved = { values: { ...inherited, hosts: [] }, origins: {}, problems }
    for (const key of SITE_SETTING_NAMES) {
      if (given.has(OPTIONS[key].name)) resolveOne(key, [['file', given]], context, resolved)
      else resolved.origins[key] = 'inherited'
    }
    if (!given.has(OPTIONS.hosts.name)) {
      const text = 'hosts are needed: which host names lead here?'
      problems.push({ name: `${SITES_KEY}.${name}`, place, text })
    }
    return { settings: siteOf(name, resolved.values), origins: resolved.origins }
  })
  return { loaded, problems }
}

/** The site that the values of the top level describe, or none when no host leads to it. */
export function defaultSite(values: OptionValues): SiteSettings[] {
  const isReached = values.unknownHost === 'default' || values.hosts.length > 0
  return isReached ? [siteOf(DEFAULT_SITE, values)] : []
}

function siteOf(name: string, values: Partial<OptionValues>): SiteSettings {
  const options = Object.fromEntries(SITE_SETTING_NAMES.map((key) => [key, values[key]]))
  return { name, ...(options as unknown as SiteOptions) }
}

/** How the giver of something spelled it, and where. */
type Spelled = Pick<ConfigProblem, 'name' | 'place'>

/**
 * Holds the hosts of all sites against each other.
 *
 * @returns what is wrong
 */
export function checkHosts(
  sites: readonly SiteSettings[],
  unknownHost: OptionValues['unknownHost'],
  hostsOf: (site: string) => Spelled,
  policy: () => Spelled
): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  const owners = new Map<string, string>()
  for (const { name, hosts } of sites) {
    for (const host of hosts) {
      const owner = owners.get(host)
      if (owner === undefined) owners.set(host, name)
      else if (owner !== name)
        problems.push({ ...hostsOf(name), text: `"${host}" belongs to the site ${owner} already` })
    }
  }
  if (unknownHost === 'refuse' && owners.size === 0) {
    const text = 'with no hosts at all, refuse would answer nobody; give hosts, or sites that have them'
    problems.push({ ...policy(), text })
  }
  return problems
}
