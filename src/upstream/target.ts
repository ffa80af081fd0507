import type { NetConnectOpts } from 'node:net'
import { InputError } from '../errors.ts'

/** Where the upstream listens. */
export interface UpstreamTarget {
  connect: NetConnectOpts
  /** The Host that an HTTP/1.0 request without one is given. */
  host: string
}

export const UPSTREAM_ALLOWED = 'http://host[:port] or unix:/path/to.sock'

/**
 * Reads the address of an upstream.
 *
 * @param text `http://host[:port]` or `unix:/path`
 * @throws InputError for anything else, a path, a query and credentials included: nothing is added to a target
 */
export function parseUpstreamTarget(text: unknown, field = 'upstream'): UpstreamTarget {
  if (typeof text !== 'string') throw new InputError(field, text, UPSTREAM_ALLOWED)
  if (text.startsWith('unix:/')) return { connect: { path: text.slice('unix:'.length) }, host: 'localhost' }
  let url: URL
  try {
    url = new URL(text)
  } catch (cause) {
    throw new InputError(field, text, UPSTREAM_ALLOWED, { cause })
  }
  const extras =
    url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== ''
  if (url.protocol !== 'http:' || url.hostname === '' || extras)
    throw new InputError(field, text, UPSTREAM_ALLOWED)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return { connect: { host, port: url.port === '' ? 80 : Number(url.port) }, host: url.host }
}
