import type { ListenAddress } from './address.ts'

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export type LogLevel = (typeof LOG_LEVELS)[number]

/** What may differ from site to site, read and checked: no text is left to interpret. */
export interface SiteOptions {
  /** Host names that lead to the site, in lower case: exact, or `*.` and the rest for all below it. */
  hosts: string[]
  /** `http://host[:port]` or `https://host[:port]` without a path, or `unix:/path`; at least one. */
  upstream: string[]
  /** Which of several upstreams gets the next request. */
  balance: 'least-busy' | 'round-robin'
  /** Requests that are forwarded at once; 0 = no limit. */
  maxRequests: number
  /** What is asked of each upstream to see whether it is well: `tcp` or a path; null = nothing. */
  healthCheck: string | null
  /** Milliseconds between two of those checks. */
  healthIntervalMs: number
  /** Absolute path of the certificates that an https upstream is verified with; null = the well-known ones. */
  upstreamCa: string | null
  /** The name that the certificate of an https upstream must have; null = the host of its URL. */
  upstreamName: string | null
  /** Absolute paths of our own certificate and key, for an https upstream that asks for one; null = none. */
  upstreamCert: string | null
  upstreamKey: string | null
  /** Whether the certificate of an https upstream is verified at all. */
  upstreamVerify: boolean
  /** Milliseconds until a connection to the upstream must stand. */
  connectTimeoutMs: number
  /** Milliseconds until the first byte of the upstream's answer. */
  responseTimeoutMs: number
  /** Milliseconds that may pass between two bytes of the upstream's answer. */
  idleTimeoutMs: number
  /** Milliseconds that a drain waits for an app to be done with a request that was given up; 0 = it does not. */
  abandonedTimeoutMs: number
  /** Milliseconds that a request waits for an upstream that refuses connections; 0 = it does not. */
  holdOnRefusedMs: number
  /** Statuses of the upstream, 400 to 599, ascending, that are replaced by our page. */
  interceptErrors: number[]
  /** Absolute folder of files tried before the upstream; null = none. */
  static: string | null
  /** Whether `.br` and `.gz` beside a file are served instead of it. */
  staticPrecompressed: boolean
  /** Absolute folder of the operator's pages; null = the built-in ones. */
  pages: string | null
  /** The name of the site as visitors know it; null = the pages say "this site". */
  brandName: string | null
  /** `#rgb` or `#rrggbb`; null = the built-in colour. */
  brandColor: string | null
  /** A `data:image/` URL, or the absolute path of an image; null = none. */
  brandLogo: string | null
  /** Where visitors find help; null = nowhere. */
  supportUrl: string | null
  /** Milliseconds over which the visitors who wait return once the app answers again. */
  returnSpreadMs: number
  /** Addresses and CIDR blocks whose requests pass while the site is closed. */
  bypassAddress: string[]
  /** Paths that stay open: exact, or `/prefix/*`. */
  bypassPath: string[]
  /** Tokens that let a request pass: themselves, or `sha256:` and the digest in hexadecimal digits. */
  bypassToken: string[]
  /** Absolute path of a file with more of them, one a line; null = none. */
  bypassTokenFile: string | null
  /** Paths that are answered with 200 while the site is closed, for a load balancer. */
  probePath: string[]
  /** Requests that may wait at once in the mode `hold`. */
  holdLimit: number
  /** What becomes of upgraded connections when the site closes: they are closed, or left alone and not waited for. */
  websockets: 'close' | 'leave'
}

/** One site as it is run. */
export interface SiteSettings extends SiteOptions {
  /** Its key in the file; `default` for what the top level says. */
  name: string
}

/** What holds for the whole process. */
export interface ProcessOptions {
  /** Public listeners, at least one. */
  listen: ListenAddress[]
  /** Absolute paths of certificate chains and of their keys, pair by pair; the first is the default. Empty = no TLS. */
  tlsCert: string[]
  tlsKey: string[]
  /** Plain listeners that only redirect to https. */
  redirectListen: ListenAddress[]
  /** Whether https listeners offer HTTP/2. */
  http2: boolean
  /** Whether plain listeners take HTTP/2 with prior knowledge. */
  h2c: boolean
  /** Whether connections from trusted peers begin with a PROXY header. */
  proxyProtocol: boolean
  /** Connections of visitors that may be open at once; 0 = any number. */
  maxConnections: number
  /** The same for each address; 0 = any number. */
  maxConnectionsPerAddress: number
  /** Largest head of a request, in bytes. */
  maxHeaderBytes: number
  /** Milliseconds for the head of a request. */
  headTimeoutMs: number
  /** Milliseconds that a connection waits for its next request. */
  keepAliveTimeoutMs: number
  /** Milliseconds that a client may neither send of a body it owes nor read what waits for it. */
  clientIdleTimeoutMs: number
  /** Who answers a host that no site has: the site `default`, or nobody, with 421. */
  unknownHost: 'default' | 'refuse'
  /** The admin listener; null = `off`. */
  admin: ListenAddress | null
  /** Prefix under which the public listeners also carry the admin API, such as `/-/admin`; null = not at all. */
  adminPath: string | null
  /** The bearer token when it was given as such; null = it is in {@link ProcessOptions.adminTokenFile}. */
  adminToken: string | null
  /** Absolute path of the file that holds the token, made at the first start. */
  adminTokenFile: string
  /** Absolute path of the file with further tokens, their names and scopes; null = none. */
  adminOperatorsFile: string | null
  /** Whether an admin listener may be reachable from other machines without TLS. */
  adminInsecure: boolean
  /** Host values, with the port where one is sent, under which the admin API may be called by name. */
  adminHost: string[]
  /** Absolute folder of state and token. */
  stateDir: string
  /** How many processes serve. */
  workers: number
  /** `memory:`, `file:` and an absolute path, or an address of Redis, with its password. */
  store: string
  /** Absolute path of the certificates that a `rediss:` store is verified with; null = the well-known ones. */
  storeCa: string | null
  /** The name under which gateways share a store. */
  fleet: string
  /** Whether a gateway that hears nothing of a shared store lets nobody through. */
  fencing: 'off' | 'strict'
  /** What a start does while a shared store cannot be reached. */
  coldStart: 'cached' | 'hold' | 'pass'
  /** Milliseconds that such a start waits for it. */
  coldStartGraceMs: number
  /** Whether an unreadable state file is put aside instead of refused. */
  recover: boolean
  /** Addresses and CIDR blocks of peers whose X-Forwarded-* are believed; `unix` = peers on unix sockets. */
  trustProxy: string[]
  /** Whether only X-Forwarded-For of those is believed, or X-Forwarded-Proto and -Host as well. */
  trustForwarded: 'for' | 'all'
  /** Addresses that every change is told to. */
  webhook: string[]
  /** Absolute path of the file with the secrets that this is signed with; null where nobody is told. */
  webhookSecretFile: string | null
  /** Milliseconds that requests in flight get to finish when the gateway stops. */
  drainTimeoutMs: number
  logLevel: LogLevel
  /** How every request is logged; null = not at all. */
  accessLog: 'json' | 'combined' | null
  /** Whether requests are counted, for `GET /metrics` of the admin API. */
  metrics: boolean
}

/** All that an option exists for, on the top level of the configuration. */
export type OptionValues = ProcessOptions & SiteOptions

/** Everything the gateway is told at start. */
export interface Settings extends ProcessOptions {
  /** At least one. The site `default` comes first, and is not there when no host can lead to it. */
  sites: SiteSettings[]
}
