/** What listens, how, and what is done with the requests that come in. */
import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { formatAddress, type ListenAddress } from './config/address.ts'
import type { Settings } from './config/settings.ts'
import type { Gateway } from './gateway.ts'
import type { CertificateStore } from './listeners/certificate-store.ts'
import { type ConnectionLimit, createConnectionLimit, type LimitName } from './listeners/connection-limit.ts'
import type { ServeOptions } from './listeners/http1.ts'
import type { Listener, ListenerOptions, ListenTarget } from './listeners/listener.ts'
import type { Sample } from './metrics/samples.ts'
import { createTrust } from './peer.ts'
import { createRedirect } from './redirect.ts'
import { routeUpgrade } from './upstream/tunnel.ts'

const HTTPS_PORT = 443

/** A listener as the settings want it. */
export interface WantedListener {
  /** Names the address: a listener that is open there already goes on. */
  place: string
  target: ListenTarget
  options: ListenerOptions
  /** Equal for listeners that do the same. */
  manner: string
  does: 'listening' | 'redirecting'
}

/** What listeners serve with, at any moment. */
export interface ServedBy {
  gateway(): Pick<Gateway, 'siteFor' | 'appFor'>
  certificates: CertificateStore | null
  limit: ConnectionLimit
  /** The port of a place, once it is open. */
  portOf(place: string): number | null
}

/** What all listeners for visitors may have open together. */
export function openLimit(settings: Settings, onRefused: (limit: LimitName) => void): ConnectionLimit {
  return createConnectionLimit({ ...limitsOf(settings), onRefused })
}

/** The limits that the settings set. */
export function limitsOf({ maxConnections, maxConnectionsPerAddress, trustProxy }: Settings) {
  return { max: maxConnections, maxPerAddress: maxConnectionsPerAddress, isShared: createTrust(trustProxy) }
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
    onRequest(request, response) {
      const app = appFor(request)
      const { gate, proxy }: Partial<FastifyInstance> = app
      if (gate?.turnAway(request, response) === true || proxy?.turnAway(request, response) === true) return
      app.routing(request, response)
    },
    onUpgrade: (request, socket, bytes) => {
      const app = appFor(request)
      // The proxy listens on the app's own server, which never listens itself.
      if (!app.server.emit('upgrade', request, socket, bytes))
        routeUpgrade(request, socket, bytes, app.routing)
    }
  }
}

/** The listeners of the settings, those that serve before those that redirect. */
export function wantedListeners(settings: Settings, served: ServedBy): WantedListener[] {
  const { certificates, limit } = served
  const plain = {
    http2: settings.http2,
    h2c: settings.h2c,
    maxHeaderBytes: settings.maxHeaderBytes,
    headTimeoutMs: settings.headTimeoutMs,
    keepAliveTimeoutMs: settings.keepAliveTimeoutMs,
    clientIdleTimeoutMs: settings.clientIdleTimeoutMs
  }
  const options: ListenerOptions = {
    ...servedBy((request) => served.gateway().appFor(request)),
    ...(certificates === null ? {} : { certificates }),
    ...(settings.proxyProtocol ? { sendsProxyHeader: createTrust(settings.trustProxy) } : {}),
    ...plain,
    limit
  }
  const shared = [plain, settings.proxyProtocol ? settings.trustProxy : null]
  const placeOf = createPlaces()
  const serving = settings.listen.map((address): WantedListener => {
    const tls = address.kind === 'tcp' && (address.tls ?? settings.tlsCert.length > 0)
    const target = address.kind === 'tcp' ? { ...address, tls } : address
    return {
      ...{ place: placeOf(address), target, options, does: 'listening' },
      manner: JSON.stringify([tls, shared])
    }
  })
  const httpsPlaces = serving.flatMap(({ place, target }) => (isTls(target) ? place : []))
  const redirecting = settings.redirectListen.map((address): WantedListener => {
    const place = placeOf(address)
    const redirect = createRedirect({
      ports: () => ({
        own: served.portOf(place),
        https: httpsPlaces.map(served.portOf).find((port) => port !== null) ?? HTTPS_PORT
      }),
      pass: options.onRequest,
      answersFor: (request) => served.gateway().siteFor(request)?.errorPages ?? null
    })
    // Whoever asks for another protocol is redirected as well.
    const { onUpgrade: _, h2c: __, ...rest } = options
    return {
      ...{ place, target: address, options: { ...rest, onRequest: redirect }, does: 'redirecting' },
      manner: JSON.stringify(['redirect', httpsPlaces, shared])
    }
  })
  return [...serving, ...redirecting]
}

/** The line that a script can wait for. */
export function lineOf({ target }: Pick<Listener, 'target'>, does: string): string {
  return `intermission ${does} on ${formatAddress(target)}`
}

function isTls(target: ListenTarget): boolean {
  return target.kind === 'tcp' && target.tls === true
}

// Port 0 may be wanted more than once.
function createPlaces(): (address: ListenAddress) => string {
  const seen = new Map<string, number>()
  return (address) => {
    const text = address.kind === 'tcp' ? `${address.host} ${address.port}` : address.path
    const times = seen.get(text) ?? 0
    seen.set(text, times + 1)
    return `${text} ${times}`
  }
}
