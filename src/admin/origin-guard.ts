import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { InputError } from '../errors.ts'

/** Why a request is refused before anything else is looked at, and the field that is to blame. */
export interface Refusal {
  field: string
  detail: string
}

type MaybeTls = Socket & { encrypted?: boolean }

const LOOPBACK = '(?:localhost|127(?:\\.\\d{1,3}){3}|\\[::1\\])'
const LOOPBACK_HOST = new RegExp(`^${LOOPBACK}$`)
const LOOPBACK_ANY_PORT = new RegExp(`^${LOOPBACK}(?::\\d{1,5})?$`)
const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/

/**
 * Checks that a request was meant for the admin API, and that no foreign web page sent it: a page may make a browser
 * send requests here, or give its own name our address (DNS rebinding), but it cannot choose these fields.
 *
 * Always ours are the names of the loopback and the very address that the connection came to, with its port (on a unix
 * socket any port): a foreign page can make neither of them mean us from elsewhere.
 *
 * @param hosts further Host values that are ours, exact and with the port, such as `admin.example:8081`
 * @throws InputError for what no Host field can be
 */
export function createOriginGuard(
  hosts: readonly string[] = []
): (request: IncomingMessage) => Refusal | undefined {
  const named = checkHosts(hosts)

  function isOurs(host: string, request: IncomingMessage): boolean {
    if (named.has(host)) return true
    const { localPort, localAddress = '', encrypted = false } = request.socket as MaybeTls
    if (localPort === undefined) return LOOPBACK_ANY_PORT.test(host)
    const suffix = `:${localPort}`
    const isDefaultPort = localPort === (encrypted ? 443 : 80)
    const bare = host.endsWith(suffix) ? host.slice(0, -suffix.length) : isDefaultPort ? host : ''
    return bare !== '' && (LOOPBACK_HOST.test(bare) || bare === hostOfAddress(localAddress))
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

// As a Host field spells the address of a socket (RFC 3986 section 3.2.2).
function hostOfAddress(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
  return plain.includes(':') ? `[${plain}]` : plain
}

function checkHosts(hosts: readonly string[]): Set<string> {
  const allowed = 'a list of host:port as they are in the Host field, such as admin.example:8081'
  if (!Array.isArray(hosts)) throw new InputError('hosts', hosts, allowed)
  for (const host of hosts) {
    if (typeof host !== 'string' || !HOST.test(host.toLowerCase()))
      throw new InputError('hosts', host, allowed)
  }
  return new Set(hosts.map((host) => host.toLowerCase()))
}
