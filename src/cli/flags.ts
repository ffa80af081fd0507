import { envOf } from '../config/option.ts'
import { CONFIG_OPTION, OPTIONS } from '../config/options.ts'
import type { OptionValues } from '../config/settings.ts'
import type { Flag } from './verb.ts'

export const JSON_FLAG: Flag = { name: 'json', metavar: null, description: 'answer with one line of JSON' }

/** The flags of `start` and `check`: every option of the configuration. */
export const SERVER_FLAGS: readonly Flag[] = [
  { ...CONFIG_OPTION, env: envOf(CONFIG_OPTION.name) },
  ...Object.keys(OPTIONS).map((key) => optionFlag(key as keyof OptionValues))
]

/** What makes pages look as they do, and which of them to show. */
export const PREVIEW_FLAGS: readonly Flag[] = [
  { ...CONFIG_OPTION, env: envOf(CONFIG_OPTION.name) },
  ...(['pages', 'brandName', 'brandColor', 'brandLogo', 'supportUrl'] as const).map(optionFlag),
  { name: 'site', metavar: 'NAME', description: 'whose pages', defaultText: 'the first site' },
  { name: 'port', metavar: 'PORT', description: 'where to show them', defaultText: 'a free one' }
]

/** How every client verb finds the admin API and its token; one that needs no token takes them as well. */
export const CLIENT_FLAGS: readonly Flag[] = [
  { ...optionFlag('admin'), description: 'where the admin API listens: host:port, [v6]:port or unix:/path' },
  { ...optionFlag('adminToken'), description: 'bearer token; other users see it in the process list' },
  { ...optionFlag('adminTokenFile'), description: 'file with the bearer token' },
  { ...optionFlag('stateDir'), description: 'state folder of the gateway, which holds the token file' },
  JSON_FLAG
]

function optionFlag(key: keyof OptionValues): Flag {
  const { name, metavar, description, values, defaultText } = OPTIONS[key]
  return { name, metavar, description, ...(values && { values }), defaultText, env: envOf(name) }
}
