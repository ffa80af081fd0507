/** Finds the one server that has a fleet's keys. They share a hash slot, so in a cluster it is one server too. */
import type { RedisAddress, RedisNode } from '../redis-url.ts'
import { type Connection, type ConnectOptions, connect } from './connection.ts'

/** Asks anew each time: after a failover the answer is another. Rejects when nobody knows. */
export type Locate = () => Promise<RedisNode>

/**
 * @param key one of the keys
 * @see https://redis.io/docs/latest/develop/reference/sentinel-clients/
 */
export function createLocate(address: RedisAddress, options: ConnectOptions, key: string): Locate {
  if (address.kind === 'single') return async () => address.nodes[0]!
  const ask = address.kind === 'sentinel' ? askSentinel : askCluster
  let order = [...address.nodes]
  // One after the other, and first whoever knew it last.
  return async () => {
    const failures: string[] = []
    for (const node of order) {
      try {
        const found = await ask(node, { ...options, master: address.master ?? '', key })
        order = [node, ...order.filter((other) => other !== node)]
        return found
      } catch (error) {
        failures.push(`${node.host}:${node.port}: ${(error as Error).message}`)
      }
    }
    throw new Error(failures.join('; '))
  }
}

type Question = ConnectOptions & { master: string; key: string }

async function askSentinel(node: RedisNode, { master, key: _, ...options }: Question): Promise<RedisNode> {
  const ask = (credentials: Pick<ConnectOptions, 'user' | 'password'>): Promise<unknown> =>
    withConnection(node, { ...options, ...credentials, database: 0 }, (connection) =>
      connection.send(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master])
    )
  // Sentinels may want the same password as the server, or none.
  const answer = await ask({ user: null, password: null }).catch((error: Error) => {
    if (options.password === null || !error.message.startsWith('NOAUTH')) throw error
    return ask(options)
  })
  if (!Array.isArray(answer)) throw new Error(`this sentinel knows no ${master}`)
  const [host, port] = answer as [string, string]
  return { host, port: Number(port) }
}

type SlotRange = [first: number, last: number, main: [host: string | null, port: number]]

async function askCluster(node: RedisNode, { key, master: _, ...options }: Question): Promise<RedisNode> {
  return withConnection(node, options, async (connection) => {
    const slot = Number(await connection.send(['CLUSTER', 'KEYSLOT', key]))
    // Deprecated in favour of CLUSTER SHARDS, which servers before 7.0 do not have.
    const ranges = (await connection.send(['CLUSTER', 'SLOTS'])) as SlotRange[]
    const range = ranges.find(([first, last]) => first <= slot && slot <= last)
    if (range === undefined) throw new Error(`no node of the cluster has the slot ${slot}`)
    const [host, port] = range[2]
    // No host means the one that was asked.
    return { host: host || node.host, port }
  })
}

async function withConnection<T>(
  node: RedisNode,
  options: ConnectOptions,
  work: (connection: Connection) => Promise<T>
): Promise<T> {
  const connection = await connect(node, options)
  try {
    return await work(connection)
  } finally {
    connection.end(new Error('answered'))
  }
}
