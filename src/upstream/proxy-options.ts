import { InputError } from '../errors.ts'
import { refuseUnknown } from '../known-options.ts'
import { createPeerLookup, type PeerLookup, type TrustForwarded } from '../peer.ts'
import type { UpstreamTimeouts } from './exchange.ts'
import type { Balance } from './forwarder.ts'
import { parseUpstreamTarget, type UpstreamTarget, type UpstreamTls } from './target.ts'

/** Where requests go, and how long anybody is waited for. */
export interface ProxyOptions {
  /** Where the app listens: `http://host[:port]`, `https://host[:port]` or `unix:/path/to.sock`; several share the work. */
  upstream: string | readonly string[]
  /** Which of several gets the next request. Default `least-busy`, by turns when they are equally busy. */
  balance?: Balance
  /** How an https upstream is verified. Default: by the certificates of well-known authorities and the host of its URL. */
  upstreamTls?: UpstreamTls
  /** How long a request waits for an app that refuses connections, in milliseconds. Default 0: it is answered with 502. */
  holdOnRefusedMs?: number
  /** Looks after the upstreams: `tcp` for a connection, or a path for an answer from 200 to 399. Default: not at all. */
  healthCheck?: string
  /** Between two of those looks, in milliseconds. Default 5000. */
  healthIntervalMs?: number
  /** Longest wait for a connection, in milliseconds. Default 2000; then 504. */
  connectTimeoutMs?: number
  /** Longest wait for the first byte of a response once the request is sent, in milliseconds. Default 60000; then 504. */
  responseTimeoutMs?: number
  /** Longest silence inside a response, in milliseconds. Default 60000; then the response is cut. */
  idleTimeoutMs?: number
  /**
   * How long an app may go on with a request after it was given up (its client has left, a time-out, force), for all that is
   * known: a drain waits for that, in milliseconds. Default 10000; 0 = no drain waits.
   */
  abandonedTimeoutMs?: number
  /** Longest silence of a client in the middle of its body, in milliseconds. Default 60000; then 408. */
  clientIdleTimeoutMs?: number
  /** Peers whose X-Forwarded-* fields are believed: addresses and CIDR ranges. Default none. */
  trustProxy?: readonly string[]
  /**
   * Which of those fields: `for` believes X-Forwarded-For and sets -Proto and -Host from the connection, as nginx's usual
   * recipe does; `all` believes all three, for a gateway behind something that ends TLS. Default `for`.
   */
  trustForwarded?: TrustForwarded
  /** Requests that are forwarded at once; those beyond are answered with 503. Default 0: no limit. */
  maxRequests?: number
  /** Statuses of the upstream that are replaced by an error page (nginx: `proxy_intercept_errors`). Default none. */
  interceptErrors?: readonly number[]
}

const OPTIONS: Record<keyof ProxyOptions, true> = {
  upstream: true,
  balance: true,
  upstreamTls: true,
  holdOnRefusedMs: true,
  healthCheck: true,
  healthIntervalMs: true,
  connectTimeoutMs: true,
  responseTimeoutMs: true,
  idleTimeoutMs: true,
  clientIdleTimeoutMs: true,
  abandonedTimeoutMs: true,
  trustProxy: true,
  trustForwarded: true,
  maxRequests: true,
  interceptErrors: true
}

/** The same, checked and with every default in its place. */
export interface ResolvedProxyOptions {
  targets: UpstreamTarget[]
  balance: Balance
  timeouts: UpstreamTimeouts
  clientIdleTimeoutMs: number
  abandonedTimeoutMs: number
  /** Infinity for no limit. */
  maxRequests: number
  holdOnRefusedMs: number
  healthCheck: string | null
  healthIntervalMs: number
  peerOf: PeerLookup
  intercepted: ReadonlySet<number>
}

/** @throws InputError that names the option, IntermissionError ERR_PLUGIN_MISUSE for one that does not exist */
export function resolveProxyOptions(options: ProxyOptions): ResolvedProxyOptions {
  refuseUnknown('proxy', options, OPTIONS)
  return {
    targets: upstreamTargets(options),
    balance: oneOfBalances(options.balance),
    timeouts: {
      connectTimeoutMs: positive('connectTimeoutMs', options.connectTimeoutMs ?? 2000),
      responseTimeoutMs: positive('responseTimeoutMs', options.responseTimeoutMs ?? 60_000),
      idleTimeoutMs: positive('idleTimeoutMs', options.idleTimeoutMs ?? 60_000)
    },
    clientIdleTimeoutMs: positive('clientIdleTimeoutMs', options.clientIdleTimeoutMs ?? 60_000),
    abandonedTimeoutMs: notNegative('abandonedTimeoutMs', options.abandonedTimeoutMs ?? 10_000),
    maxRequests: requestLimit(options.maxRequests ?? 0),
    holdOnRefusedMs: notNegative('holdOnRefusedMs', options.holdOnRefusedMs ?? 0),
    healthCheck: options.healthCheck ?? null,
    healthIntervalMs: positive('healthIntervalMs', options.healthIntervalMs ?? 5000),
    peerOf: createPeerLookup(options.trustProxy, options.trustForwarded),
    intercepted: interceptedStatuses(options.interceptErrors ?? [])
  }
}

const OF_TLS: Record<keyof UpstreamTls, true> = {
  caFile: true,
  name: true,
  certFile: true,
  keyFile: true,
  verify: true
}

function upstreamTargets({ upstream, upstreamTls }: ProxyOptions): UpstreamTarget[] {
  if (upstreamTls !== undefined) refuseUnknown('proxy: upstreamTls', upstreamTls, OF_TLS)
  const texts = typeof upstream === 'string' || upstream === undefined ? [upstream] : upstream
  if (texts.length === 0) throw new InputError('upstream', upstream, 'at least one URL')
  return texts.map((text) => parseUpstreamTarget(text, upstreamTls))
}

function oneOfBalances(balance: Balance = 'least-busy'): Balance {
  if (balance === 'least-busy' || balance === 'round-robin') return balance
  throw new InputError('balance', balance, 'least-busy or round-robin')
}

function positive(name: string, value: number): number {
  if (!Number.isFinite(value) || value <= 0) throw new InputError(name, value, 'milliseconds above 0')
  return value
}

function notNegative(name: string, value: number): number {
  if (!Number.isFinite(value) || value < 0) throw new InputError(name, value, 'milliseconds, or 0')
  return value
}

function requestLimit(count: number): number {
  if (!Number.isInteger(count) || count < 0)
    throw new InputError('maxRequests', count, 'a whole number, or 0')
  return count === 0 ? Number.POSITIVE_INFINITY : count
}

function interceptedStatuses(statuses: readonly number[]): Set<number> {
  if (!Array.isArray(statuses)) throw new InputError('interceptErrors', statuses, 'a list of statuses')
  for (const status of statuses) {
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new InputError('interceptErrors', status, 'statuses from 400 to 599')
    }
  }
  return new Set(statuses)
}
