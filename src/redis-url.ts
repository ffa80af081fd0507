/** Addresses of a Redis or Valkey store: one server, one that sentinels watch over, or a cluster. */
import { InputError } from './errors.ts'

export interface RedisNode {
  host: string
  port: number
}

export interface RedisAddress {
  kind: 'single' | 'sentinel' | 'cluster'
  /** The server; or the sentinels; or some nodes of the cluster, which know the others. At least one. */
  nodes: RedisNode[]
  /** What the sentinels call the server; null without them. */
  master: string | null
  /** Number of the database; a cluster has only 0. */
  database: number
  tls: boolean
  user: string | null
  password: string | null
}

export const REDIS_URL_ALLOWED =
  'redis://user:password@host:6379/0, rediss:// with TLS, redis+sentinel://host:26379,host:26379/name/0 or redis+cluster://host:6379,host:6379'

const MASK = '********'
const DEFAULT_PORT = { single: 6379, sentinel: 26_379, cluster: 6379 } as const
const URL_PATTERN = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?$/
const NODE = /^(?:\[([0-9a-f:.]+)\]|(\w(?:[\w.-]*\w)?))(?::(\d{1,5}))?$/i
const MASTER = /^[\w.-]+$/
const DATABASE = /^(?:\d{1,5})?$/

/** Says whether an address is meant for Redis, be it right or wrong. */
export function isRedisUrl(text: string): boolean {
  return /^rediss?[+:]/i.test(text)
}

/**
 * Reads the address of a Redis store. Special characters in user and password are percent-encoded.
 *
 * @throws InputError, in which the password is masked
 */
export function parseRedisUrl(text: string, field = 'store'): RedisAddress {
  const refuse = (): never => {
    throw new InputError(field, maskRedisUrl(text), REDIS_URL_ALLOWED)
  }
  const readText = (encoded: string): string | null => {
    try {
      return encoded === '' ? null : decodeURIComponent(encoded)
    } catch {
      return refuse()
    }
  }
  const [, scheme, how = 'single', credentials = '', hosts = '', path = ''] =
    URL_PATTERN.exec(text) ?? refuse()
  const kind = how as RedisAddress['kind']
  const nodes = hosts.split(',').map((each) => readNode(each, DEFAULT_PORT[kind]) ?? refuse())
  const words = path.split('/')
  const master = kind === 'sentinel' ? (words.shift() ?? '') : null
  const [database = '', ...rest] = words
  if (rest.length > 0 || !DATABASE.test(database) || (master !== null && !MASTER.test(master))) refuse()
  if ((kind === 'single' && nodes.length > 1) || (kind === 'cluster' && Number(database) > 0)) refuse()
  const colon = credentials.indexOf(':')
  const [user, password] =
    colon < 0 ? [credentials, ''] : [credentials.slice(0, colon), credentials.slice(colon + 1)]
  return {
    kind,
    nodes,
    master,
    database: Number(database),
    tls: scheme === 'rediss',
    user: readText(user),
    password: readText(password)
  }
}

/** An address with its password masked, fit to be shown. Any other text stays as it is. */
export function maskRedisUrl(text: string): string {
  if (!isRedisUrl(text)) return text
  // Up to the last @, since a password may have been given with an unencoded one.
  return text.replace(/^([^/]*\/\/)([^:]*)(.*)@/s, (_all, scheme: string, user: string, password: string) =>
    password === '' ? `${scheme}${MASK}@` : `${scheme}${user}:${MASK}@`
  )
}

/** Names the servers of an address without its secrets, for messages. */
export function describeRedis({ kind, nodes, master }: RedisAddress): string {
  const hosts = nodes.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(', ')
  if (kind === 'sentinel') return `Redis ${master} by the sentinels ${hosts}`
  return kind === 'cluster' ? `the Redis cluster at ${hosts}` : `Redis at ${hosts}`
}

function readNode(text: string, defaultPort: number): RedisNode | undefined {
  const [, v6, name, digits] = NODE.exec(text) ?? []
  const host = v6 ?? name
  const port = digits === undefined ? defaultPort : Number(digits)
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port }
}
