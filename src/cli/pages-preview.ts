import { once } from 'node:events'
import { loadSettings } from '../config/load.ts'
import { ConfigError } from '../config/problems.ts'
import type { SiteSettings } from '../config/settings.ts'
import { InputError } from '../errors.ts'
import { checkPages } from './check-pages.ts'
import { textOf } from './client-flags.ts'
import { EXIT } from './exit-codes.ts'
import type { RunVerb } from './verb.ts'

export const run: RunVerb = async (flags, { out, err, env }) => {
  const { sites } = loadSettings({ flags, env })
  const site = siteOf(sites, textOf(flags, 'site'))
  const port = portOf(textOf(flags, 'port'))
  const problems = await checkPages(site)
  if (problems.length > 0) throw new ConfigError(problems)
  const [{ pageOptions }, { startPreview }] = await Promise.all([
    import('../site.ts'),
    import('./preview-server.ts')
  ])
  const { dir, ...look } = pageOptions(site)
  const log = {
    warn: (fields: object, text: string) => err(`${text}: ${Object.values(fields).join(': ')}`)
  }
  const preview = await startPreview({ pagesDir: dir, ...look, log }, port)
  out(`intermission preview on ${preview.url}`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  await preview.close()
  return EXIT.ok
}

function siteOf(sites: readonly SiteSettings[], name: string | undefined): SiteSettings {
  const site = name === undefined ? sites[0] : sites.find((one) => one.name === name)
  if (site !== undefined) return site
  throw new InputError('site', name, `one of ${sites.map((one) => one.name).join(', ')}`)
}

function portOf(text = '0'): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text)
  throw new InputError('port', text, 'a port from 0 to 65535')
}
