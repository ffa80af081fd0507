import type { Source } from './given.ts'
import type { LoadedSettings } from './load.ts'
import { OPTIONS } from './options.ts'
import { SETTING_NAMES, type SettingName } from './resolve.ts'
import type { OptionValues } from './settings.ts'
import { SITE_SETTING_NAMES } from './sites.ts'

export const MASK = '********'

/** One line of the effective configuration. */
export interface EffectiveOption {
  name: string
  /** As the file would spell it; null when there is none. A secret is masked. */
  value: unknown
  source: Source
}

/** The configuration as it came out of all sources, fit to be shown. */
export interface Effective {
  options: EffectiveOption[]
  /** The sites besides `default`. */
  sites: { name: string; options: EffectiveOption[] }[]
}

export function effectiveOptions({ values, origins, sites }: LoadedSettings): Effective {
  return {
    options: SETTING_NAMES.map((key) => effectiveOption(key, values[key], origins[key])),
    sites: sites.map((site) => ({
      name: site.settings.name,
      options: SITE_SETTING_NAMES.map((key) =>
        effectiveOption(key, site.settings[key], site.origins[key] ?? 'default')
      )
    }))
  }
}

/** One option as it may be shown. */
export function effectiveOption<K extends SettingName>(
  key: K,
  value: OptionValues[K],
  source: Source
): EffectiveOption {
  const { name, secret, show } = OPTIONS[key]
  const isThere = value !== null && !(Array.isArray(value) && value.length === 0)
  const shown = show ? show(value) : value
  return { name, value: secret && isThere ? MASK : shown, source }
}
