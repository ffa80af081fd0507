import type { IncomingMessage } from 'node:http'
import type { Asset } from './assets.ts'
import { chooseCoding } from './negotiate.ts'
import type { Prepared } from './send.ts'

/**
 * The answer to a GET or HEAD for a file beside the pages. A copy is kept but asked for again each time, so that an edit
 * shows at once; a client that has it already gets 304 (RFC 9110 section 13.1.2).
 */
export function assetAnswer({ headers: asked }: IncomingMessage, asset: Asset): Prepared {
  const headers = [
    ...['ETag', asset.etag, 'Cache-Control', 'no-cache'],
    ...['Vary', 'Accept-Encoding', 'X-Content-Type-Options', 'nosniff']
  ]
  if (holds(asked['if-none-match'], asset.etag)) return { status: 304, headers, body: '' }
  const { coding, bytes } = asset.body.in(isText(asset) ? chooseCoding(asked['accept-encoding']) : 'identity')
  headers.push('Content-Type', asset.contentType, 'Content-Length', String(bytes.length))
  if (coding !== 'identity') headers.push('Content-Encoding', coding)
  return { status: 200, headers, body: bytes }
}

function holds(list: string | undefined, etag: string): boolean {
  return list !== undefined && (list.trim() === '*' || list.slice(0, 4000).includes(etag))
}

// Images and fonts are compressed as they are.
function isText({ contentType }: Asset): boolean {
  return /^text\/|^image\/svg/.test(contentType)
}
