import { isMap } from 'yaml'
import { type FileKeys, type FileMap, type FilePair, keyOf, type MapReader, readMap } from './file-map.ts'
import type { GivenOptions } from './given.ts'

/** The one key that is no option. */
export const SITES_KEY = 'sites'

/** The site that the top level describes. */
export const DEFAULT_SITE = 'default'

/** One site as a file gives it. */
export interface SiteInFile {
  name: string
  /** Where its name stands. */
  place: string
  given: GivenOptions
}

// It stands in addresses of the admin API and on the command line.
const SITE_NAME = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/i

/** Reads the map below `sites`. */
export function readSites(
  pair: FilePair | undefined,
  { options, siteOptions }: FileKeys,
  reader: MapReader
): SiteInFile[] {
  if (pair === undefined) return []
  const { problems } = reader
  if (!isMap(pair.value)) {
    const text = 'expected a map of sites, such as shop: { hosts: shop.example }'
    problems.push({ name: SITES_KEY, place: keyOf(pair, reader).place, text })
    return []
  }
  const misplaced = (key: string): string | undefined =>
    options.some(({ name }) => name === key)
      ? 'this is for the whole gateway and not for one site; it belongs on the top level'
      : undefined
  const sites: SiteInFile[] = []
  for (const site of (pair.value as FileMap).items) {
    const { key: name, place } = keyOf(site, reader)
    const as = `${SITES_KEY}.${name}`
    const refuse = (text: string): number => problems.push({ name: as, place, text })
    if (name === DEFAULT_SITE) refuse('the site default is what the top level says')
    else if (!SITE_NAME.test(name))
      refuse('expected 1 to 64 letters, digits and . _ - with a letter or digit at both ends')
    else if (!isMap(site.value)) refuse('expected the options of the site, such as { hosts: shop.example }')
    else {
      const { given } = readMap(site.value as FileMap, siteOptions, reader, {
        prefix: `${as}.`,
        misplaced,
        nullIsDefault: true
      })
      sites.push({ name, place, given })
    }
  }
  return sites
}
