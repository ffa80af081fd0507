/** Readers of what may differ from site to site. */
import { isIPv6 } from 'node:net'
import { isToken, TOKEN_ALLOWED } from '../token-digests.ts'
import { socketPath } from './address.ts'
import type { ReadContext } from './option.ts'
import { isBlock, refuse } from './readers.ts'

/** An upstream is an origin: a path, a query or a name and password would be dropped in silence. */
export function readUpstream(text: string, { baseDir }: ReadContext): string[] {
  const allowed = 'http://host:port, https://host:port or unix:/path.sock'
  if (text.startsWith('unix:')) return [`unix:${socketPath(text.slice(5), baseDir) ?? refuse(text, allowed)}`]
  if (!/^https?:\/\/[^/?#\\@\s]+\/?$/.test(text)) refuse(text, `${allowed}, without user, path or query`)
  const origin = URL.canParse(text) ? new URL(text) : refuse(text, allowed)
  return [origin.port === '0' ? refuse(text, allowed) : origin.origin]
}

export function readHealthCheck(text: string): string {
  return text === 'tcp' || /^\/[\x21-\x7e]*$/.test(text)
    ? text
    : refuse(text, 'tcp, or a path such as /healthz')
}

export function readServerName(text: string): string {
  return /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i.test(text) ? text : refuse(text, 'a host name')
}

export function readStatuses(text: string): number[] {
  const [, first, last = first] = /^([45]\d\d)(?:-([45]\d\d))?$/.exec(text) ?? []
  if (first === undefined || Number(last) < Number(first)) {
    refuse(text, 'statuses from 400 to 599 such as 500,502-504')
  }
  return Array.from({ length: Number(last) - Number(first) + 1 }, (_, step) => Number(first) + step)
}

// A label of RFC 1123 section 2.1, and the underscore that names inside a company often have.
const LABEL = '[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?'
const HOST_NAME = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`)
const LONGEST_HOST_NAME = 253

/** A host name without a port, or `*.` and one for all names below it. */
export function readHostName(text: string): string[] {
  const name = text.toLowerCase().replace(/\.$/, '')
  if (isIPv6(name)) return [`[${name}]`]
  const fits = HOST_NAME.test(name) && name.length <= LONGEST_HOST_NAME
  return fits
    ? [name]
    : refuse(
        text,
        'host names without a port such as shop.example or *.shop.example; others in their xn-- form'
      )
}

export function readBlock(text: string): string[] {
  return isBlock(text)
    ? [text]
    : refuse(text, 'addresses and CIDR blocks such as 10.0.0.0/8, 192.0.2.7 or fd00::/8')
}

/** A path as clients send it: exact, or all below a prefix. */
export function readPathRule(text: string): string[] {
  return isPlainPath(text.replace(/\/\*$/, '/'))
    ? [text]
    : refuse(text, 'a path such as /healthz or /static/*, without escapes, dot segments, // and ;')
}

export function readPath(text: string): string[] {
  return isPlainPath(text)
    ? [text]
    : refuse(text, 'a path such as /healthz, without escapes, dot segments, // and ;')
}

// One that no two readers take for different ones.
function isPlainPath(text: string): boolean {
  return /^\/[\x21-\x7e]*$/.test(text) && !/[%;\\?#*]|\/\/|\/\.{1,2}(?:\/|$)/.test(text)
}

export function readBypassToken(text: string): string[] {
  if (/^sha256:[0-9a-f]{64}$/i.test(text) || (isToken(text) && !text.startsWith('sha256:'))) return [text]
  return refuse(text, `${TOKEN_ALLOWED}, or sha256: and the digest in 64 hexadecimal digits`)
}

export function readHoldLimit(text: string): number {
  return /^[1-9]\d{0,6}$/.test(text) ? Number(text) : refuse(text, 'a whole number from 1 to 9999999')
}
