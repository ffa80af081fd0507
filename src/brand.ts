/** How the pages of a site present it: what may be configured, and the check of each value. */

/** All of it is optional. */
export interface BrandOptions {
  /** The name of the site, as visitors know it. Default: the pages say "this site". */
  name?: string | undefined
  /** A colour, `#rgb` or `#rrggbb`. It is made lighter or darker where it could not be read. Default a quiet blue. */
  color?: string | undefined
  /**
   * An image: a `data:image/` URL, or the path of a file. One in the folder of the pages is served from there; any other
   * is put into the page and may have 8 KiB. Default none.
   */
  logo?: string | undefined
  /** Where visitors find help: `https:`, `http:`, `mailto:`, `tel:`, or a path on this host. Default none. */
  supportUrl?: string | undefined
}

export const COLOR_ALLOWED = 'a colour such as "#06c" or "#0066cc", in quotes where # begins a comment'
export const SUPPORT_URL_ALLOWED = 'a link that starts with https:, http:, mailto:, tel: or a single /'
export const NAME_ALLOWED = 'a text of 1 to 80 characters on one line'

export function isColor(text: string): boolean {
  return /^#(?:[\da-f]{3}|[\da-f]{6})$/i.test(text)
}

/** No other scheme: `javascript:` would run on every page. */
export function isSupportUrl(text: string): boolean {
  return /^(?:https?:\/\/|mailto:|tel:|\/(?![/\\]))[^\s\p{Cc}"<>\\]{0,2000}$/u.test(text)
}

export function isBrandName(text: string): boolean {
  return /^[^\p{Cc}\u2028\u2029]{1,80}$/u.test(text) && text.trim() !== ''
}

export function isImageData(text: string): boolean {
  return /^data:image\/[\w.+-]+(?:;[\w=-]+)*,[^\s"'<>]+$/i.test(text)
}
