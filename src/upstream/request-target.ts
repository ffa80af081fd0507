/** The request target, read once for everybody who needs to know what it means (RFC 9112 section 3.2). */

export interface RequestTarget {
  /** Path and query as they go to the upstream, byte for byte as received. */
  originForm: string
  /** The host of an absolute-form target, which outranks the Host field (RFC 9112 section 3.2.2). */
  host: string | null
}

const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i

/**
 * @param raw the target as received
 * @returns null for a target that no upstream should be asked for: not a path, above the root, a malformed escape or an
 *   encoded NUL in the path (nginx answers 400 to each)
 */
export function parseRequestTarget(raw: string, method: string): RequestTarget | null {
  if (raw.charCodeAt(0) === 0x2f) return isSafePath(raw) ? { originForm: raw, host: null } : null
  if (raw === '*' && method === 'OPTIONS') return { originForm: '*', host: null }
  const absolute = ABSOLUTE.exec(raw)
  if (absolute === null) return null
  const [, authority = '', rest = ''] = absolute
  if (authority === '' || authority.includes('@')) return null
  const originForm = rest.startsWith('/') ? rest : `/${rest}`
  return isSafePath(originForm) ? { originForm, host: authority } : null
}

/**
 * Decodes a path once, merges its slashes and resolves its dot segments, as nginx does before it looks at a location.
 *
 * @param path a path that starts with `/`, without the query
 * @returns the one spelling of the path in latin1 bytes, or null when it is malformed or leads above the root
 */
export function normalisePath(path: string): string | null {
  const decoded = path.includes('%') ? decodeEscapes(path) : path
  if (decoded === null) return null
  const segments: string[] = []
  for (const segment of decoded.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment !== '..') segments.push(segment)
    else if (segments.pop() === undefined) return null
  }
  const isFolder = /\/\.{0,2}$/.test(decoded)
  return `/${segments.join('/')}${isFolder && segments.length > 0 ? '/' : ''}`
}

/** The path of an origin-form target, without its query, or the fragment that no client should send. */
export function pathOf(originForm: string): string {
  const mark = originForm.search(/[?#]/)
  return mark === -1 ? originForm : originForm.slice(0, mark)
}

// Nearly every path has neither an escape nor a dot segment.
function isSafePath(originForm: string): boolean {
  if (!originForm.includes('%') && !originForm.includes('/.')) return true
  return normalisePath(pathOf(originForm)) !== null
}

function decodeEscapes(path: string): string | null {
  let malformed = false
  const decoded = path.replace(/%(.{0,2})/gs, (_, digits: string) => {
    if (!/^[0-9a-fA-F]{2}$/.test(digits) || digits === '00') malformed = true
    return String.fromCharCode(Number.parseInt(digits, 16))
  })
  return malformed ? null : decoded
}
