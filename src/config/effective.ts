import type { Source } from './given.ts'
import { OPTIONS } from './options.ts'
import { type Origins, SETTING_NAMES, type SettingName } from './resolve.ts'
import type { Settings } from './settings.ts'

export const MASK = '********'

/** One line of the effective configuration. */
export interface EffectiveOption {
  name: string
  /** As the file would spell it; null when there is none. A secret is masked. */
  value: unknown
  source: Source
}

/** The configuration as it came out of all sources, fit to be shown. */
export function effectiveOptions(settings: Settings, origins: Origins): EffectiveOption[] {
  return SETTING_NAMES.map((key) => effectiveOption(key, settings, origins))
}

function effectiveOption<K extends SettingName>(
  key: K,
  settings: Settings,
  origins: Origins
): EffectiveOption {
  const { name, secret, show } = OPTIONS[key]
  const value = settings[key]
  const shown = show ? show(value) : value
  return { name, value: secret && value !== null ? MASK : shown, source: origins[key] }
}
