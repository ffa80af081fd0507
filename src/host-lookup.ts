import type { IncomingMessage } from 'node:http'
import { parseRequestTarget } from './upstream/request-target.ts'

/** Finds who answers a request, by the host that it names. */
export type HostLookup<T> = (request: IncomingMessage) => T

const LONGEST_HOST_FIELD = 261
const SLASH = 0x2f

/**
 * Exact names come before `*.` ones, of which the longest counts, and then the fallback. Case, port and a dot at the end do not
 * matter (nginx: `server_name`).
 *
 * @param owners their host names, in lower case
 * @param fallback who answers every other host, and requests without one
 */
export function createHostLookup<T>(
  owners: readonly { hosts: readonly string[]; owner: T }[],
  fallback: T
): HostLookup<T> {
  const exact = new Map<string, T>()
  const below = new Map<string, T>()
  for (const { hosts, owner } of owners) {
    for (const host of hosts) {
      if (host.startsWith('*.')) below.set(host.slice(1), owner)
      else exact.set(host, owner)
    }
  }

  function byName(name: string): T {
    const owner = exact.get(name)
    if (owner !== undefined) return owner
    if (below.size === 0) return fallback
    for (let dot = name.indexOf('.', 1); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      const found = below.get(name.slice(dot))
      if (found !== undefined) return found
    }
    return fallback
  }

  return (request) => {
    const host = hostOf(request)
    // Most clients spell it as we do, without a port.
    return exact.get(host) ?? byName(nameOf(host))
  }
}

/** What a request says about its host: an absolute-form target outranks the field (RFC 9112 section 3.2.2). */
function hostOf({ url = '/', method = 'GET', headers }: IncomingMessage): string {
  if (url.charCodeAt(0) !== SLASH) {
    const host = parseRequestTarget(url, method)?.host
    if (host != null) return host
  }
  // Over HTTP/2 the listener has put :authority here.
  return headers.host ?? ''
}

/** The name in a Host field (RFC 9110 section 7.2), as the configuration spells it; empty when it cannot be one. */
function nameOf(host: string): string {
  if (host.length > LONGEST_HOST_FIELD) return ''
  return host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
}
