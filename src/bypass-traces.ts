/** What a bypass leaves on a request: a field and a cookie that are ours and not the app's, and a mark. */
import type { IncomingMessage } from 'node:http'

/** The field by which a machine shows a token. */
export const BYPASS_FIELD = 'intermission-bypass'
/** The cookie of a person who came by a link, over plain HTTP. */
export const BYPASS_COOKIE = 'intermission-bypass'
/** The same over HTTPS: no other host, and no page without TLS, can set it (RFC 6265bis section 4.1.3.2). */
export const SECURE_BYPASS_COOKIE = `__Host-${BYPASS_COOKIE}`

const kBypassed = Symbol('intermission.bypassed')

const kShown = Symbol('intermission.bypassShown')

type MarkedRequest = IncomingMessage & { [kBypassed]?: boolean; [kShown]?: Shown }

/** What a request shows to be let in. */
interface Shown {
  token: string | string[] | undefined
  /** A Cookie field. */
  cookie: string
}

/** Notes that a request passes although the site is closed. */
export function markBypassed(request: MarkedRequest): void {
  request[kBypassed] = true
}

/** Whether {@link markBypassed} has marked it. */
export function isBypassed(request: MarkedRequest): boolean {
  return request[kBypassed] === true
}

/** What a request shows, or has shown before {@link hideTraces}. */
export function shownBy(request: MarkedRequest): Shown {
  const { headers } = request
  return request[kShown] ?? { token: headers[BYPASS_FIELD], cookie: headers.cookie ?? '' }
}

/** Takes our field and cookies out of what an app reads of a request, and remembers them for the gate. */
export function hideTraces(request: MarkedRequest): void {
  const { headers } = request
  const { token, cookie } = shownBy(request)
  const rest = withoutBypassCookies(cookie)
  if (token === undefined && rest === cookie) return
  request[kShown] = { token, cookie }
  delete headers[BYPASS_FIELD]
  if (rest === '') delete headers.cookie
  else headers.cookie = rest
  request.rawHeaders = withoutTraces(request.rawHeaders)
  // Node would make these from the raw fields, by the number that there were.
  request.headersDistinct = distinct(request.rawHeaders)
}

function distinct(rawHeaders: readonly string[]): NodeJS.Dict<string[]> {
  const values: NodeJS.Dict<string[]> = Object.create(null)
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    values[name] = [...(values[name] ?? []), rawHeaders[i + 1]!]
  }
  return values
}

function withoutTraces(rawHeaders: readonly string[]): string[] {
  const kept: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const value = rawHeaders[i + 1]!
    const lower = name.toLowerCase()
    const passed = lower === 'cookie' ? withoutBypassCookies(value) : value
    if (lower !== BYPASS_FIELD && (passed !== '' || value === '')) kept.push(name, passed)
  }
  return kept
}

/** The values of the bypass cookies in a Cookie field; a browser may have one of each kind, and old ones. */
export function bypassCookies(cookie: string): string[] {
  if (!cookie.includes(BYPASS_COOKIE)) return []
  return cookie.split(';').flatMap((pair) => {
    const [name, value] = split(pair)
    return isBypassCookie(name) ? [value] : []
  })
}

/** A Cookie field without the bypass cookies, the rest byte for byte; empty when there is no rest. */
export function withoutBypassCookies(cookie: string): string {
  if (!cookie.includes(BYPASS_COOKIE)) return cookie
  const rest = cookie.split(';').filter((pair) => !isBypassCookie(split(pair)[0]))
  return rest.join(';').trimStart()
}

function isBypassCookie(name: string): boolean {
  return name === BYPASS_COOKIE || name === SECURE_BYPASS_COOKIE
}

function split(pair: string): [name: string, value: string] {
  const at = pair.indexOf('=')
  return at === -1 ? [pair.trim(), ''] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
}
