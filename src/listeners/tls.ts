import type { Socket } from 'node:net'
import { createServer, type SecureContext, type Server, type TLSSocket } from 'node:tls'
import type { CertificateStore } from './certificate-store.ts'
import { MIN_TLS_VERSION } from './certificates.ts'
import { overrideRemoteAddress } from './first-bytes.ts'
import { HANDSHAKE_TIMEOUT_MS } from './limits.ts'
import type { ProxySource } from './proxy-header.ts'

/** Turns connections into TLS connections; accepts them by itself when it is told to listen. */
export interface TlsFront {
  readonly server: Server
  /** Takes a connection that somebody else has accepted. */
  take(socket: Socket, source: ProxySource | null): void
  close(): void
}

/**
 * @param serveHttp1 takes connections of clients that did not ask for HTTP/2
 * @param serveHttp2 takes those that did (RFC 9113 section 3.2); null: it is not offered
 */
export function createTlsFront(
  certificates: CertificateStore,
  serveHttp1: (socket: Socket) => void,
  serveHttp2: ((socket: Socket) => void) | null
): TlsFront {
  const server = createServer({
    ...defaultsOf(certificates),
    ALPNProtocols: serveHttp2 === null ? ['http/1.1'] : ['h2', 'http/1.1'],
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    allowHalfOpen: true,
    noDelay: true,
    SNICallback: (name, done) =>
      done(
        null,
        safely(() => certificates.find(name))
      )
  })
  const stopFollowing = certificates.onReplaced(() => server.setSecureContext(defaultsOf(certificates)))
  // What a PROXY header has told of a connection, by its true other end: Node does not say which connection a TLS one is
  // made of.
  const sources = new Map<string, ProxySource>()

  server.on('secureConnection', (socket: TLSSocket) => {
    const source = sources.get(endOf(socket))
    if (source !== undefined) overrideRemoteAddress(socket, source)
    if (socket.alpnProtocol === 'h2' && serveHttp2 !== null) serveHttp2(socket)
    else serveHttp1(socket)
  })
  server.on('tlsClientError', (_error, socket) => socket.destroy())

  return {
    server,
    take(socket, source) {
      if (source !== null) {
        const end = endOf(socket)
        sources.set(end, source)
        socket.once('close', () => sources.delete(end))
      }
      server.emit('connection', socket)
    },
    close: stopFollowing
  }
}

function defaultsOf({ fallback }: CertificateStore): { cert: Buffer; key: Buffer; minVersion: 'TLSv1.2' } {
  return { cert: fallback.cert, key: fallback.key, minVersion: MIN_TLS_VERSION }
}

// What is thrown in an SNI callback may end the process (CVE-2026-21637).
function safely(find: () => SecureContext | undefined): SecureContext | undefined {
  try {
    return find()
  } catch {
    return undefined
  }
}

function endOf(socket: Socket): string {
  return `${socket.remoteAddress} ${socket.remotePort}`
}
