/** Opens the listeners that visitors come in by. */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { formatAddress } from './config/address.ts'
import type { Settings } from './config/settings.ts'
import type { Gateway } from './gateway.ts'
import { type CertificateStore, createCertificateStore } from './listeners/certificate-store.ts'
import { loadCertificates } from './listeners/certificates.ts'
import { type ConnectionLimit, createConnectionLimit, type LimitName } from './listeners/connection-limit.ts'
import type { ServeOptions } from './listeners/http1.ts'
import { type Listener, type ListenerOptions, type ListenTarget, openListener } from './listeners/listener.ts'
import type { Sample } from './metrics/samples.ts'
import { createTrust } from './peer.ts'
import { createRedirect } from './redirect.ts'
import { routeUpgrade } from './upstream/tunnel.ts'

const HTTPS_PORT = 443

/** Opens one listener; they are opened in the order in which the settings name them. */
export type OpenOne = (target: ListenTarget, options: ListenerOptions) => Promise<Listener>

/** A listener and the line that says it is open. */
export interface OpenListener extends Listener {
  readonly line: string
}

/**
 * Reads the certificates that the settings name; null when they name none.
 *
 * @param warn hears of those that work but will not be believed
 * @throws CertificateError
 */
export function openCertificates(settings: Settings, warn: (text: string) => void): CertificateStore | null {
  const { tlsCert, tlsKey } = settings
  if (tlsCert.length === 0) return null
  const certificates = loadCertificates(tlsCert.map((certPath, at) => ({ certPath, keyPath: tlsKey[at]! })))
  for (const { warning } of certificates) if (warning !== null) warn(warning)
  return createCertificateStore(certificates)
}

/** What all listeners for visitors may have open together. */
export function openLimit(settings: Settings, onRefused: (limit: LimitName) => void): ConnectionLimit {
  return createConnectionLimit({
    max: settings.maxConnections,
    maxPerAddress: settings.maxConnectionsPerAddress,
    isShared: createTrust(settings.trustProxy),
    onRefused
  })
}

/** What Prometheus is told of the listeners. */
export function limitSamples({ open, refused }: ConnectionLimit): Sample[] {
  const counts = Object.entries(refused).map(
    ([limit, value]): Sample => ({ name: 'intermission_connections_refused_total', labels: { limit }, value })
  )
  return [{ name: 'intermission_connections', labels: {}, value: open }, ...counts]
}

/** How requests of a listener reach the app that answers them. */
export function servedBy(appFor: (request: IncomingMessage) => FastifyInstance): ServeOptions {
  return {
    onRequest: (request, response) => appFor(request).routing(request, response),
    onUpgrade: (request, socket, bytes) => {
      const app = appFor(request)
      // The proxy listens on the app's own server, which never listens itself.
      if (!app.server.emit('upgrade', request, socket, bytes))
        routeUpgrade(request, socket, bytes, app.routing)
    }
  }
}

/**
 * Opens one listener after the other; those that are open are in `opened` even when a later one fails.
 *
 * @throws IntermissionError that names the address which cannot be listened on
 */
export async function openPublicListeners(
  gateway: Pick<Gateway, 'siteFor' | 'appFor'>,
  settings: Settings,
  certificates: CertificateStore | null,
  limit: ConnectionLimit,
  opened: OpenListener[],
  open: OpenOne = openListener
): Promise<void> {
  const options: ListenerOptions = {
    ...servedBy(gateway.appFor),
    ...(certificates === null ? {} : { certificates }),
    ...(settings.proxyProtocol ? { sendsProxyHeader: createTrust(settings.trustProxy) } : {}),
    http2: settings.http2,
    h2c: settings.h2c,
    limit,
    maxHeaderBytes: settings.maxHeaderBytes,
    headTimeoutMs: settings.headTimeoutMs,
    keepAliveTimeoutMs: settings.keepAliveTimeoutMs,
    clientIdleTimeoutMs: settings.clientIdleTimeoutMs
  }
  let httpsPort: number | null = null
  for (const address of settings.listen) {
    const tls = address.kind === 'tcp' && (address.tls ?? certificates !== null)
    const listener = await open(address.kind === 'tcp' ? { ...address, tls } : address, options)
    opened.push(withLine(listener, 'listening'))
    if (tls && listener.target.kind === 'tcp') httpsPort ??= listener.target.port
  }
  for (const address of settings.redirectListen) {
    let ownPort: number | null = null
    const redirect = createRedirect({
      ports: () => ({ own: ownPort, https: httpsPort ?? HTTPS_PORT }),
      pass: options.onRequest,
      answersFor: (request) => gateway.siteFor(request)?.errorPages ?? null
    })
    // Whoever asks for another protocol is redirected as well.
    const { onUpgrade: _, h2c: __, ...plain } = options
    const listener = await open(address, { ...plain, onRequest: redirect })
    if (listener.target.kind === 'tcp') ownPort = listener.target.port
    opened.push(withLine(listener, 'redirecting'))
  }
}

/** Adds the line that a script can wait for. */
export function withLine(listener: Listener, does: string): OpenListener {
  return Object.assign(listener, { line: `intermission ${does} on ${formatAddress(listener.target)}` })
}
