import type { IncomingMessage } from 'node:http'
import { InputError } from '../errors.ts'

/** Why a request is refused before anything else is looked at, and the field that is to blame. */
export interface Refusal {
  field: string
  detail: string
}

const LOOPBACK = '(?:localhost|127(?:\\.\\d{1,3}){3}|\\[::1\\])'
const LOOPBACK_HOST = new RegExp(`^${LOOPBACK}$`)
const LOOPBACK_ANY_PORT = new RegExp(`^${LOOPBACK}(?::\\d{1,5})?$`)
const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/

/**
 * Checks that a request was meant for the admin API, and that no foreign web page sent it: a page may make a browser
 * send requests here, or give its own name our address (DNS rebinding), but it cannot choose these fields.
 *
 * @param hosts the only Host values that are ours, such as `admin.example:8081`. Default: every name of the loopback
 *   with the port of the connection; on a unix socket with any port
 * @throws InputError for a list that is empty or holds something that no Host field can be
 */
export function createOriginGuard(
  hosts?: readonly string[]
): (request: IncomingMessage) => Refusal | undefined {
  const allowed = hosts && checkHosts(hosts)

  function isOurs(host: string, request: IncomingMessage): boolean {
    if (allowed) return allowed.has(host)
    const { localPort } = request.socket
    if (localPort === undefined) return LOOPBACK_ANY_PORT.test(host)
    const suffix = `:${localPort}`
    if (host.endsWith(suffix)) return LOOPBACK_HOST.test(host.slice(0, -suffix.length))
    return localPort === 80 && LOOPBACK_HOST.test(host)
  }

  return function guard(request) {
    const { headers } = request
    const host = hostOf(request)
    if (host === undefined || !isOurs(host, request)) {
      return { field: 'Host', detail: 'Host: this is not a name of the admin API.' }
    }
    const { origin } = headers
    if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
      return { field: 'Origin', detail: 'Origin: requests of other sites are refused.' }
    }
    if (headers['sec-fetch-site'] === 'cross-site') {
      return { field: 'Sec-Fetch-Site', detail: 'Sec-Fetch-Site: requests of other sites are refused.' }
    }
    if (headers['sec-fetch-mode'] === 'no-cors') {
      return {
        field: 'Sec-Fetch-Mode',
        detail: 'Sec-Fetch-Mode: requests that a page may not read are refused.'
      }
    }
    if (headers.upgrade !== undefined) {
      return { field: 'Upgrade', detail: 'Upgrade: the admin API speaks nothing but HTTP.' }
    }
    return undefined
  }
}

function hostOf(request: IncomingMessage): string | undefined {
  // HTTP/2 has :authority in its place (RFC 9113 section 8.3.1).
  const authority = request.headers[':authority']
  if (typeof authority === 'string') return authority.toLowerCase()
  // `headers` keeps only the first of two.
  const given = request.headersDistinct.host
  return given?.length === 1 ? given[0]?.toLowerCase() : undefined
}

function checkHosts(hosts: readonly string[]): Set<string> {
  const allowed = 'a list of host:port as they are in the Host field, such as admin.example:8081'
  if (!Array.isArray(hosts) || hosts.length === 0) throw new InputError('hosts', hosts, allowed)
  for (const host of hosts) {
    if (typeof host !== 'string' || !HOST.test(host.toLowerCase()))
      throw new InputError('hosts', host, allowed)
  }
  return new Set(hosts.map((host) => host.toLowerCase()))
}
