import { createHash } from 'node:crypto'

const STYLE = /<style\b[^>]*>([\s\S]*?)<\/style>/gi
const SCRIPT = /<script\b[^>]*>([\s\S]*?)<\/script>/gi

/** What a page may ask the gateway itself for, besides the page. */
export interface PolicyNeeds {
  /** Files beside the pages. Default no. */
  images?: boolean
  /** Whether the site answers again. Default no. */
  status?: boolean
}

/**
 * The strictest Content-Security-Policy that a page works under: exactly its own styles and scripts, and nothing from
 * elsewhere.
 *
 * @param bytes the page, one character a byte
 */
export function policyFor(bytes: string, { images = false, status = false }: PolicyNeeds = {}): string {
  const own = (kind: string, pattern: RegExp): string[] => {
    const hashes = [...bytes.matchAll(pattern)].map(([, text]) => hashOf(text!))
    return hashes.length === 0 ? [] : [`${kind} ${hashes.join(' ')}`]
  }
  return [
    "default-src 'none'",
    ...own('style-src', STYLE),
    ...own('script-src', SCRIPT),
    `img-src ${images ? "'self' " : ''}data:`,
    ...(status ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'"
  ].join('; ')
}

function hashOf(bytes: string): string {
  return `'sha256-${createHash('sha256').update(bytes, 'latin1').digest('base64')}'`
}
