import { createHash } from 'node:crypto'
import { connect, isIP, type NetConnectOpts, type OnReadOpts, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls, createSecureContext } from 'node:tls'
import { InputError } from '../errors.ts'
import { readAuthorities, readPemFile } from '../small-file.ts'
import { rememberAddresses } from './known-addresses.ts'

/** How an https upstream proves who it is, and how we prove who we are. */
export interface UpstreamTls {
  /** File with the PEM certificates to trust instead of the well-known ones. */
  caFile?: string | undefined
  /** The name that its certificate must have. Default: the host of the URL. */
  name?: string | undefined
  /** Files with our own certificate and its key, for an upstream that asks for one. */
  certFile?: string | undefined
  /** The key of that certificate. */
  keyFile?: string | undefined
  /** False takes any certificate, so that anybody in between may read along. Default true. */
  verify?: boolean | undefined
}

/** Where the upstream listens, and how to get there. */
export interface UpstreamTarget {
  /** As it was given; for the log and the status, never for a client. */
  name: string
  /** Equal for targets that lead to the same place in the same way. */
  identity: string
  /** The Host that an HTTP/1.0 request without one is given. */
  host: string
  /** Reached by a name, which may come to mean another address. */
  isName: boolean
  /** The event of a socket that has been opened and can carry requests. */
  connectEvent: 'connect' | 'secureConnect'
  /** @param onread where what is read goes, as for node's `net.connect`. Default: into the stream */
  open(onread?: OnReadOpts): Socket
}

/** All that a connection has to know of it. */
export type UpstreamWay = Pick<UpstreamTarget, 'open' | 'connectEvent'>

/** Connects once, for no request, and says whether that was possible. */
export function canConnect({ open, connectEvent }: UpstreamTarget, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = open()
    const settle = (isThere: boolean): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(isThere)
    }
    const timer = setTimeout(() => settle(false), timeoutMs)
    socket.once(connectEvent, () => settle(true)).on('error', () => settle(false))
  })
}

const EMPTY = Buffer.alloc(0)

export const UPSTREAM_ALLOWED = 'http://host[:port], https://host[:port] or unix:/path/to.sock'

/**
 * Reads the address of an upstream.
 *
 * @param text `http://host[:port]`, `https://host[:port]` or `unix:/path`
 * @throws InputError for anything else, a path, a query and credentials included: nothing is added to a target. Also for
 *   files of {@link UpstreamTls} that cannot be read or used
 */
export function parseUpstreamTarget(
  text: unknown,
  tls: UpstreamTls = {},
  field = 'upstream'
): UpstreamTarget {
  if (typeof text !== 'string') throw new InputError(field, text, UPSTREAM_ALLOWED)
  if (text.startsWith('unix:/')) {
    return plainTarget(text, 'localhost', { path: text.slice('unix:'.length) })
  }
  const url = parseOrigin(text, field)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (url.protocol === 'http:') return plainTarget(text, url.host, { host, port: Number(url.port || 80) })
  return tlsTarget(text, url.host, host, Number(url.port || 443), tls)
}

function parseOrigin(text: string, field: string): URL {
  let url: URL
  try {
    url = new URL(text)
  } catch (cause) {
    throw new InputError(field, text, UPSTREAM_ALLOWED, { cause })
  }
  const extras =
    url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== ''
  const known = url.protocol === 'http:' || url.protocol === 'https:'
  if (!known || url.hostname === '' || extras) throw new InputError(field, text, UPSTREAM_ALLOWED)
  return url
}

// Half-open, so that a tunnel can end one direction and keep the other.
function plainTarget(name: string, host: string, where: NetConnectOpts): UpstreamTarget {
  const options = { ...where, noDelay: true, allowHalfOpen: true, lookup: rememberAddresses() }
  const isName = 'host' in where && isIP(where.host ?? '') === 0
  return {
    ...{ name, identity: name, host, isName, connectEvent: 'connect' },
    open: (onread) => connect({ ...options, onread })
  }
}

function tlsTarget(
  name: string,
  hostField: string,
  host: string,
  port: number,
  tls: UpstreamTls
): UpstreamTarget {
  const serverName = tls.name ?? host
  const files = readFiles(tls)
  let session: Buffer | undefined
  const options: ConnectionOptions = {
    host,
    port,
    lookup: rememberAddresses(),
    secureContext: secureContext(tls, files),
    rejectUnauthorized: tls.verify ?? true,
    ALPNProtocols: ['http/1.1'],
    // An IP address must not be sent as a name (RFC 6066 section 3), but is compared with the certificate all the same.
    ...(isIP(serverName) === 0 ? { servername: serverName } : {})
  }
  function open(onread?: OnReadOpts): Socket {
    const resumed = session === undefined ? {} : { session }
    const socket = connectTls({ ...options, ...resumed, ...(onread === undefined ? {} : { onread }) })
    socket.setNoDelay(true)
    // The next connection takes up where this one stands, without a full handshake (RFC 8446 section 2.2).
    socket.on('session', (latest: Buffer) => {
      session = latest
    })
    return socket
  }
  const identity = `${name} ${serverName} ${tls.verify ?? true} ${digestOf(files)}`
  return { name, identity, host: hostField, isName: isIP(host) === 0, connectEvent: 'secureConnect', open }
}

type PemFiles = Record<'ca' | 'cert' | 'key', Buffer | undefined>

function readFiles(tls: UpstreamTls): PemFiles {
  return {
    ca: readPem('upstreamCa', tls.caFile, readAuthorities),
    cert: readPem('upstreamCert', tls.certFile),
    key: readPem('upstreamKey', tls.keyFile)
  }
}

function digestOf({ ca = EMPTY, cert = EMPTY, key = EMPTY }: PemFiles): string {
  const hash = createHash('sha256')
  for (const pem of [ca, cert, key]) hash.update(`${pem.length} `).update(pem)
  return hash.digest('base64')
}

function secureContext(
  tls: UpstreamTls,
  { ca, cert, key }: PemFiles
): ReturnType<typeof createSecureContext> {
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? 'upstreamCert' : 'upstreamKey'
    throw new InputError(missing, undefined, 'upstreamCert and upstreamKey together')
  }
  try {
    return createSecureContext({
      minVersion: 'TLSv1.2',
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert, key })
    })
  } catch (cause) {
    const files = [tls.caFile, tls.certFile, tls.keyFile].filter((file) => file !== undefined).join(', ')
    throw new InputError('upstreamCa, upstreamCert, upstreamKey', files, 'PEM files that belong together', {
      cause
    })
  }
}

function readPem(field: string, file: string | undefined, read = readPemFile): Buffer | undefined {
  if (file === undefined) return undefined
  try {
    return read(file)
  } catch (cause) {
    const why = (cause as Error).message
    throw new InputError(field, file, `a PEM file that can be read (${why})`, { cause })
  }
}
