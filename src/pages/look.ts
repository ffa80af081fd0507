import { dirname, resolve } from 'node:path'
import {
  type BrandOptions,
  COLOR_ALLOWED,
  isBrandName,
  isColor,
  isImageData,
  isSupportUrl,
  NAME_ALLOWED,
  SUPPORT_URL_ALLOWED
} from '../brand.ts'
import { InputError } from '../errors.ts'
import { readSmallFile } from '../small-file.ts'
import { ASSETS_PATH, createAsset, isAssetFile } from './assets.ts'
import { readable } from './color.ts'

/** How the pages look and behave at this site, ready to be put into them. */
export interface Look {
  readonly name: string | null
  /** What `src` of the image says. */
  readonly logo: string | null
  readonly logoIsAsset: boolean
  readonly supportUrl: string | null
  /** The colour on light and on dark ground, as style. */
  readonly css: string
  /** Hexadecimal digits without the sign. */
  readonly iconColor: string
  /** Milliseconds over which those who wait return. */
  readonly returnSpreadMs: number
}

const DEFAULT_COLOR = '#2f5fd0'
const LOGO_LIMIT_BYTES = 8 * 1024
// The grounds of public/pages/page.css: --back and --panel.
const LIGHT = ['#f7f7f5', '#ffffff']
// Light on dark needs more to look as strong.
const ON_DARK = 6
const DARK = ['#131519', '#1b1e24']

/**
 * Checks the brand and reads its logo.
 *
 * @param pagesDir the operator's pages: a logo in there is served from there
 * @throws InputError that names the field
 */
export function createLook(
  brand: BrandOptions = {},
  pagesDir: string | undefined,
  returnSpreadMs: number
): Look {
  const { name = null, color = DEFAULT_COLOR, supportUrl = null } = brand
  if (name !== null && (typeof name !== 'string' || !isBrandName(name)))
    throw new InputError('brandName', name, NAME_ALLOWED)
  if (!isColor(color)) throw new InputError('brandColor', color, COLOR_ALLOWED)
  if (supportUrl !== null && !isSupportUrl(supportUrl))
    throw new InputError('supportUrl', supportUrl, SUPPORT_URL_ALLOWED)
  const [light, dark] = [readable(color, LIGHT), readable(color, DARK, ON_DARK)]
  return {
    name,
    ...logoOf(brand.logo, pagesDir),
    supportUrl,
    css: `:root{--accent:${light}}@media (prefers-color-scheme:dark){:root{--accent:${dark}}}\n`,
    iconColor: light.slice(1),
    returnSpreadMs
  }
}

function logoOf(logo: string | undefined, pagesDir: string | undefined): Pick<Look, 'logo' | 'logoIsAsset'> {
  if (logo === undefined) return { logo: null, logoIsAsset: false }
  if (isImageData(logo)) return { logo, logoIsAsset: false }
  const file = resolve(logo)
  const name = file.slice(dirname(file).length).replace(/^\//, '')
  const allowed = `a data:image/ URL, or an image file; ${LOGO_LIMIT_BYTES} bytes at most, unless it lies in the folder of the pages`
  if (!isAssetFile(name)) throw new InputError('brandLogo', logo, allowed)
  if (pagesDir !== undefined && dirname(file) === resolve(pagesDir)) {
    return { logo: ASSETS_PATH + encodeURIComponent(name), logoIsAsset: true }
  }
  try {
    const bytes = readSmallFile(file, LOGO_LIMIT_BYTES)
    const { contentType } = createAsset(name, bytes.toString('latin1'))
    return { logo: `data:${contentType};base64,${bytes.toString('base64')}`, logoIsAsset: false }
  } catch (cause) {
    throw new InputError('brandLogo', logo, `${allowed} (${(cause as Error).message})`, { cause })
  }
}
