import { BYPASS_COOKIE, SECURE_BYPASS_COOKIE } from '../bypass-traces.ts'
import type { OwnAnswer, OwnRefusal } from './own-answer.ts'
import type { GoodLink } from './site.ts'

/** Where a bypass link leads: it is exchanged for a cookie at once, so that the secret leaves the address bar. */
export const BYPASS_PATH = '/.intermission/bypass'

export interface LinkRequest {
  method: string
  query: URLSearchParams
  /** The visitor came by HTTPS, to us or to a trusted proxy. */
  isSecure: boolean
  nowMs: number
}

const LONGEST_TARGET = 2000
// The token is in the address, which must neither be kept nor told to anybody.
const SECRET = ['Cache-Control', 'no-store', 'Referrer-Policy', 'no-referrer']

/** @param verify knows whether a token is that of a link which is good now */
export function answerLink(
  { method, query, isSecure, nowMs }: LinkRequest,
  verify: (token: string) => GoodLink | null
): OwnAnswer | OwnRefusal {
  if (method !== 'GET' && method !== 'HEAD') return { refused: 405, headers: ['Allow', 'GET, HEAD'] }
  const token = query.get('token') ?? ''
  const link = verify(token)
  if (link === null) return { refused: 403, headers: ['Referrer-Policy', 'no-referrer'] }
  const maxAge = Math.max(1, Math.floor((Date.parse(link.expiresAt) - nowMs) / 1000))
  const [name, secure] = isSecure ? [SECURE_BYPASS_COOKIE, '; Secure'] : [BYPASS_COOKIE, '']
  const cookie = `${name}=${token}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure}`
  const headers = ['Location', localTarget(query.get('to')), 'Set-Cookie', cookie, ...SECRET]
  return { status: 303, headers: [...headers, 'Content-Length', '0'], body: '' }
}

/**
 * A place on this site to send a visitor to; `/` for everything that could lead elsewhere, as browsers read it (URL
 * standard section 4.4: a backslash is a slash, tabs and newlines are nothing).
 */
export function localTarget(to: string | null): string {
  if (to === null || to.length > LONGEST_TARGET) return '/'
  if (!/^\/(?![/\\])[^\p{Cc}\\]*$/u.test(to)) return '/'
  // What a field cannot carry is escaped; what is escaped already stays so.
  return to.replace(/[^\x21-\x7e]+/gu, (text) => encodeURIComponent(Buffer.from(text).toString()))
}
