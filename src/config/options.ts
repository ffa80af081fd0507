import { join } from 'node:path'
import { addressText } from './address.ts'
import { defaultListen, defaultStateDir } from './defaults.ts'
import { LISTENER_OPTIONS } from './listener-options.ts'
import type { OptionTable } from './option.ts'
import { choice, duration, onOff, toggle } from './option-kinds.ts'
import * as read from './readers.ts'
import { LOG_LEVELS } from './settings.ts'
import { SITE_OPTIONS } from './site-options.ts'
import { STORE_OPTIONS } from './store-options.ts'
import { WEBHOOK_OPTIONS } from './webhook-options.ts'

/** The file itself: a flag and a variable, but no key, since a file does not name another one. */
export const CONFIG_OPTION = {
  name: 'config',
  metavar: 'FILE',
  description: 'YAML or JSON file with any of the keys below; paths of files in it start from its folder',
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
  ...SITE_OPTIONS,
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
  adminOperatorsFile: {
    name: 'adminOperatorsFile',
    metavar: 'FILE',
    description:
      'file with further tokens of the admin API, one a line: a name, read or operate, and the token or sha256: and its digest',
    defaultText: 'none',
    read: read.readPath,
    fallback: () => null
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
  ...STORE_OPTIONS,
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
    read: read.readPeer,
    fallback: () => []
  },
  trustForwarded: choice(
    'trustForwarded',
    ['for', 'all'],
    'what is believed of them: X-Forwarded-For, or X-Forwarded-Proto and -Host as well'
  ),
  ...WEBHOOK_OPTIONS,
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
    metavar: 'on|off|json|combined',
    scalar: 'boolean',
    description: 'log every request, as JSON (on is the same) or in the combined format of web servers',
    defaultText: 'on',
    read: read.readAccessLog,
    fallback: () => 'json',
    show: (format) => format ?? 'off'
  },
  metrics: onOff('metrics', 'on', 'count requests, for GET /metrics of the admin API')
}
