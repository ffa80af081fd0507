/**
 * Rules about paths, read so that a mistake keeps a request out: what opens matches only a path that every reader
 * understands the same way, what closes matches any way in which the app might read the path.
 */
import type { PathRule } from '../path-rule.ts'

/** Whether a request target, as received, is one of the paths. */
export type PathMatch = (target: string) => boolean

// No escape, parameter, backslash or fragment, no empty segment but the last one, and none that ends with a dot.
const PLAIN = /^\/$|^(?:\/[\w.~!$&'()*+,=:@-]+(?<!\.))+\/?$/
/** More readings than that, or longer ones together, mean that somebody plays with us. */
const MOST_READINGS = 200
const MOST_CHARACTERS = 128 * 1024

const never: PathMatch = () => false

/** What lets requests in. A rule is exact, case included; `/shop/*` is for what is below `/shop/`, and not for `/shop`. */
export function createOpeningPaths(rules: readonly PathRule[]): PathMatch {
  if (rules.length === 0) return never
  const isListed = listed(rules)
  return (target) => {
    const path = withoutQuery(target)
    return isListed(path) && PLAIN.test(path)
  }
}

/**
 * What keeps requests out. Case and a slash at the end make no difference, and `/shop/*` is for `/shop` as well: an app
 * may read them so.
 */
export function createClosingPaths(rules: readonly PathRule[]): PathMatch {
  if (rules.length === 0) return never
  const isListed = listed(rules.flatMap(bothEnds))
  const matches = (path: string): boolean => isListed(withoutLastSlash(path.toLowerCase()))
  return (target) => {
    const path = withoutQuery(target)
    return PLAIN.test(path) ? matches(path) : anyReading(target, matches)
  }
}

function listed(rules: readonly PathRule[]): (path: string) => boolean {
  const exact = new Set(rules.filter((rule) => !rule.endsWith('/*')))
  const prefixes = rules.filter((rule) => rule.endsWith('/*')).map((rule) => rule.slice(0, -1))
  return (path) => exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix))
}

function bothEnds(rule: PathRule): PathRule[] {
  const folded = rule.toLowerCase()
  return folded.endsWith('/*') ? [folded, withoutLastSlash(folded.slice(0, -1))] : [withoutLastSlash(folded)]
}

// Each is something that a server or a framework is known to do to a path; in whichever order, and more than once.
const READERS: readonly ((path: string) => string)[] = [
  // The target in absolute form, and what a URL parser takes for a host.
  (path) => path.replace(/^(?:[a-z][a-z0-9+.-]*:)?\/{2,}[^/?#]*/i, '') || '/',
  (path) => path.replace(/[?#\0].*$/s, ''),
  (path) => path.replace(/(?:%[0-9a-f]{2})+/gi, (text) => decoded(text)),
  // Several bytes for what is one: forbidden by RFC 3629 section 3, and read all the same by lenient decoders.
  (path) => path.replace(OVERLONG, overlongDecoded),
  (path) => path.replace(/[\t\n\r]/g, '').trim(),
  (path) => path.replaceAll('\\', '/'),
  (path) => path.replace(/;[^/]*/g, ''),
  // Windows knows no name that ends with a dot or a space.
  (path) => path.replace(/(?<! ) +(?=\/|$)/g, ''),
  (path) => path.replace(/(?<=[^/.])\.+(?=\/|$)/g, ''),
  (path) => path.replace(/\/{2,}/g, '/'),
  resolved
]

// Of ASCII, which rules are mostly made of, in two to six bytes. Such decoders do not look at the upper bits of the last one.
const OVERLONG = /%(?:c([01])|(?:e0|f0%80|f8%80%80|fc%80%80%80)%8([01]))%([0-9a-f]{2})/gi

function anyReading(target: string, matches: (path: string) => boolean): boolean {
  const readings = new Set([target])
  let characters = 0
  // A set is walked up to what is added on the way.
  for (const reading of readings) {
    characters += reading.length
    if (matches(reading) || readings.size > MOST_READINGS || characters > MOST_CHARACTERS) return true
    for (const read of READERS) readings.add(read(reading))
  }
  return false
}

function decoded(escapes: string): string {
  return Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('utf8')
}

function overlongDecoded(_bytes: string, ofTwo: string | undefined, ofMore: string, last: string): string {
  return String.fromCharCode((Number(ofTwo ?? ofMore) << 6) | (Number.parseInt(last, 16) & 0x3f))
}

// RFC 3986 section 5.2.4.
function resolved(path: string): string {
  if (!path.includes('/.')) return path
  const segments: string[] = []
  for (const segment of path.split('/').slice(1)) {
    if (segment === '..') segments.pop()
    else if (segment !== '.') segments.push(segment)
  }
  return `/${segments.join('/')}`
}

function withoutQuery(target: string): string {
  const mark = target.indexOf('?')
  return mark === -1 ? target : target.slice(0, mark)
}

function withoutLastSlash(path: string): string {
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}
