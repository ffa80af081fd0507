import { createHash } from 'node:crypto'
import { type Body, createBody } from './body.ts'

/** A file beside the pages, ready to be sent. */
export interface Asset {
  readonly bytes: string
  readonly contentType: string
  readonly body: Body
  /** Made of the content, so that it is the same on every host. */
  readonly etag: string
}

/** Where files beside the pages are asked for. */
export const ASSETS_PATH = '/.intermission/assets/'

// Only what a page shows or uses: an old copy or a note that lies there is nobody's business.
const TYPES: Record<string, string> = {
  avif: 'image/avif',
  css: 'text/css; charset=utf-8',
  gif: 'image/gif',
  ico: 'image/x-icon',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  mp4: 'video/mp4',
  otf: 'font/otf',
  png: 'image/png',
  svg: 'image/svg+xml',
  ttf: 'font/ttf',
  webm: 'video/webm',
  webp: 'image/webp',
  woff: 'font/woff',
  woff2: 'font/woff2'
}

/** Whether a file of this name beside the pages may be asked for. */
export function isAssetFile(name: string): boolean {
  return typeOf(name) !== undefined
}

/** Makes an asset from its bytes, given as one character a byte. */
export function createAsset(name: string, bytes: string): Asset {
  const digest = createHash('sha256').update(bytes, 'latin1').digest('base64url')
  return {
    bytes,
    contentType: typeOf(name) ?? 'application/octet-stream',
    body: createBody(bytes),
    etag: `"${digest.slice(0, 22)}"`
  }
}

/**
 * The name that a request target asks for below {@link ASSETS_PATH}; undefined when it asks for something else. The name
 * is looked up among those that were read, so that no path leads anywhere.
 */
export function assetName(target: string): string | undefined {
  if (!target.startsWith(ASSETS_PATH)) return undefined
  const path = target.slice(ASSETS_PATH.length).replace(/[?#].*$/s, '')
  try {
    return decodeURIComponent(path)
  } catch {
    return ''
  }
}

function typeOf(name: string): string | undefined {
  const extension = /^[^.].*\.(\w+)$/s.exec(name)?.[1]?.toLowerCase() ?? ''
  return Object.hasOwn(TYPES, extension) ? TYPES[extension] : undefined
}
