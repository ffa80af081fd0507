import { isUtf8 } from 'node:buffer'

/**
 * What a request target means to a folder of files: a path below it (`/sub/file.txt`), `elsewhere` when it can be no
 * file of ours, `malformed` when nobody should be asked for it.
 */
export type FilePath = { path: string } | 'elsewhere' | 'malformed'

const ABSOLUTE = /^https?:\/\/[^/?#]*/i
// The longest path that Linux takes, in bytes.
const PATH_LIMIT = 4096

/**
 * Reads the path of a request target the way nginx does before it tries a file: decoded once, slashes merged, dot
 * segments resolved.
 *
 * @param target as received (RFC 9112 section 3.2): origin-form or absolute-form
 */
export function filePathOf(target: string): FilePath {
  const path = pathOf(target)
  if (path === undefined) return 'malformed'
  const bytes = path.includes('%') ? decode(path) : path
  if (bytes === undefined || bytes.includes('\0')) return 'malformed'
  const segments: string[] = []
  for (const segment of bytes.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') segments.push(segment)
    else if (segments.pop() === undefined) return 'malformed'
  }
  const folder = /\/\.{0,2}$/.test(bytes)
  if (folder || bytes.length > PATH_LIMIT || isHidden(segments)) return 'elsewhere'
  // Names are UTF-8. A backslash separates folders on some systems, so a name with one is left alone on all.
  const name = Buffer.from(`/${segments.join('/')}`, 'latin1')
  return isUtf8(name) && !bytes.includes('\\') ? { path: name.toString('utf8') } : 'elsewhere'
}

function pathOf(target: string): string | undefined {
  const origin = target.startsWith('/')
    ? target
    : ABSOLUTE.test(target)
      ? target.replace(ABSOLUTE, '')
      : undefined
  const path = origin?.replace(/[?#].*$/s, '')
  return path === '' ? '/' : path
}

// Not decodeURIComponent, which takes only UTF-8: what else there is belongs to the app.
function decode(path: string): string | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(path)) return undefined
  return path.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

// `.env`, `.git/config` and the like got there by mistake. RFC 8615 has the one folder that is meant to be seen.
function isHidden(segments: string[]): boolean {
  return segments.some(
    (segment, index) => segment.startsWith('.') && !(index === 0 && segment === '.well-known')
  )
}
