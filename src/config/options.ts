import { join } from 'node:path'
import { addressText } from './address.ts'
import { defaultListen, defaultStateDir } from './defaults.ts'
import { LISTENER_OPTIONS } from './listener-options.ts'
import type { OptionTable } from './option.ts'
import { duration, path, toggle } from './option-kinds.ts'
import * as read from './readers.ts'
import { LOG_LEVELS } from './settings.ts'

/** The file itself: a flag and a variable, but no key, since a file does not name another one. */
export const CONFIG_OPTION = {
  name: 'config',
  metavar: 'FILE',
  description: 'YAML or JSON file with any of the keys below; paths in it start from its folder',
  defaultText: 'none'
} as const

/** Every option in the order of help and README: types, flags, variables, keys and messages come from here. */
export const OPTIONS: OptionTable = {
  listen: {
    name: 'listen',
    metavar: 'ADDR',
    list: true,
    description:
      'where visitors come in: host:port, [v6]:port or unix:/path, with http:// or https:// in front to choose; port 0 takes a free one',
    defaultText: '127.0.0.1:8080, or 0.0.0.0:$PORT where PORT is set',
    read: read.readListen,
    fallback: ({ env }) => defaultListen(env),
    show: (addresses) => addresses.map(read.listenText)
  },
  ...LISTENER_OPTIONS,
  upstream: {
    name: 'upstream',
    metavar: 'URL',
    list: true,
    description:
      'the web app: http://host:port, https://host:port or unix:/path.sock; several share the work',
    defaultText: 'http://127.0.0.1:3000',
    read: read.readUpstream,
    fallback: () => ['http://127.0.0.1:3000']
  },
  balance: {
    name: 'balance',
    metavar: 'least-busy|round-robin',
    description: 'which of several upstreams gets the next request',
    defaultText: 'least-busy',
    read: read.readBalance,
    fallback: () => 'least-busy'
  },
  healthCheck: {
    name: 'healthCheck',
    metavar: 'tcp|PATH',
    description: 'look after the upstreams: by a connection, or by a path that must answer 200 to 399',
    defaultText: 'none',
    read: read.readHealthCheck,
    fallback: () => null
  },
  healthIntervalMs: duration('healthInterval', '5s', 'time between two health checks'),
  upstreamCa: path(
    'upstreamCa',
    'FILE',
    'PEM certificates to verify an https upstream with',
    'the well-known ones'
  ),
  upstreamName: {
    name: 'upstreamName',
    metavar: 'NAME',
    description: 'the name that the certificate of an https upstream must have',
    defaultText: 'the host of its URL',
    read: read.readServerName,
    fallback: () => null
  },
  upstreamCert: path(
    'upstreamCert',
    'FILE',
    'our own PEM certificate, for an https upstream that asks for one'
  ),
  upstreamKey: path('upstreamKey', 'FILE', 'the key of that certificate'),
  upstreamVerify: {
    name: 'upstreamVerify',
    metavar: 'on|off',
    scalar: 'boolean',
    description: 'verify the certificate of an https upstream; off lets anybody in between read along',
    defaultText: 'on',
    read: read.readSwitch,
    fallback: () => true,
    show: (on) => (on ? 'on' : 'off')
  },
  static: path('static', 'DIR', 'files tried before the upstream'),
  pages: path(
    'pages',
    'DIR',
    'your own error pages, such as 50x.html and maintenance.html',
    'built-in pages'
  ),
  admin: {
    name: 'admin',
    metavar: 'ADDR',
    description: 'where the admin API listens, as for listen; off for none',
    defaultText: '127.0.0.1:8081',
    read: read.readAdmin,
    fallback: () => ({ kind: 'tcp', host: '127.0.0.1', port: 8081 }),
    show: (address) => (address === null ? 'off' : addressText(address))
  },
  adminPath: {
    name: 'adminPath',
    metavar: 'PREFIX',
    description:
      'also carry the admin API on the public listeners, under a path such as /-/admin, for platforms with one port',
    defaultText: 'none',
    read: read.readPrefix,
    fallback: () => null
  },
  adminToken: {
    name: 'adminToken',
    metavar: 'TOKEN',
    secret: true,
    description:
      'bearer token of the admin API, at least 16 characters; other users see it in the process list',
    defaultText: 'that of the token file',
    read: read.readToken,
    fallback: () => null
  },
  adminTokenFile: {
    name: 'adminTokenFile',
    metavar: 'FILE',
    description: 'file with the bearer token; made at the first start, readable by its owner only',
    defaultText: 'admin-token in the state folder',
    read: read.readPath,
    fallback: ({ stateDir }) => join(stateDir, 'admin-token')
  },
  adminInsecure: toggle('adminInsecure', 'let the admin API, which has no TLS, listen beyond this machine'),
  adminHost: {
    name: 'adminHost',
    metavar: 'HOST',
    list: true,
    description:
      'Host under which the admin API may be called besides its address, such as admin.example:8081',
    defaultText: 'none',
    read: read.readHost,
    fallback: () => []
  },
  stateDir: {
    name: 'stateDir',
    metavar: 'DIR',
    description: 'folder of the state and the token',
    defaultText: '$STATE_DIRECTORY, else $XDG_STATE_HOME/intermission, else ~/.local/state/intermission',
    read: read.readPath,
    fallback: ({ env }) => defaultStateDir(env)
  },
  store: {
    name: 'store',
    metavar: 'URL',
    description: 'where the mode is kept: file: (in the state folder), file:PATH or memory: (lost at a stop)',
    defaultText: 'file:',
    read: read.readStore,
    fallback: ({ stateDir }) => read.defaultStore(stateDir)
  },
  recover: toggle(
    'recover',
    'put an unreadable state file aside and start live instead of refusing to start'
  ),
  trustProxy: {
    name: 'trustProxy',
    metavar: 'CIDR',
    list: true,
    description: 'peers whose X-Forwarded-* are believed: addresses, CIDR blocks, or unix for unix sockets',
    defaultText: 'none',
    read: read.readBlock,
    fallback: () => []
  },
  trustForwarded: {
    name: 'trustForwarded',
    metavar: 'for|all',
    description: 'what is believed of them: X-Forwarded-For, or X-Forwarded-Proto and -Host as well',
    defaultText: 'for',
    read: read.readTrustForwarded,
    fallback: () => 'for'
  },
  interceptErrors: {
    name: 'interceptErrors',
    metavar: 'CODES',
    list: true,
    scalar: 'number',
    description: 'statuses of the upstream that our page replaces, such as 500,502-504',
    defaultText: 'none',
    read: read.readStatuses,
    fallback: () => [],
    tidy: (codes) => [...new Set(codes)].sort((one, other) => one - other)
  },
  connectTimeoutMs: duration('connectTimeout', '2s', 'longest wait for a connection to the upstream'),
  responseTimeoutMs: duration(
    'responseTimeout',
    '60s',
    "longest wait for the first byte of the upstream's answer"
  ),
  idleTimeoutMs: duration('idleTimeout', '60s', "longest silence within the upstream's answer"),
  holdOnRefusedMs: duration(
    'holdOnRefused',
    '0s',
    'hold requests this long while the upstream refuses connections, as in a restart',
    0
  ),
  drainTimeoutMs: duration('drainTimeout', '30s', 'time that requests in flight get to finish at a stop', 0),
  logLevel: {
    name: 'logLevel',
    metavar: 'LEVEL',
    values: LOG_LEVELS,
    description: LOG_LEVELS.join(', '),
    defaultText: 'info',
    read: read.readLogLevel,
    fallback: () => 'info'
  },
  accessLog: {
    name: 'accessLog',
    metavar: 'on|off',
    scalar: 'boolean',
    description: 'log every request',
    defaultText: 'on',
    read: read.readSwitch,
    fallback: () => true,
    show: (on) => (on ? 'on' : 'off')
  }
}
