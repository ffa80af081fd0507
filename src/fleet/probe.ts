import { describeRedis, parseRedisUrl } from '../redis-url.ts'
import { connect } from './connection.ts'
import { createLocate } from './locate.ts'
import { keysOf } from './scripts.ts'
import { DEFAULT_TIMING } from './timing.ts'

// What a user with too few rights is likely to lack.
const PROBE = "redis.call('INFO', 'server'); return redis.call('EXISTS', KEYS[1])"

/** Looks whether a Redis store lets us in and runs scripts. Rejects with the reason. Changes nothing. */
export async function probeRedis(url: string, ca?: string): Promise<void> {
  const address = parseRedisUrl(url)
  const { tls, user, password, database } = address
  const options = {
    tls,
    user,
    password,
    database,
    timeoutMs: DEFAULT_TIMING.commandMs,
    ...(ca ? { ca } : {})
  }
  const [key] = keysOf('default') as [string]
  try {
    const connection = await connect(await createLocate(address, options, key)(), options)
    try {
      await connection.send(['EVAL', PROBE, '1', key])
    } finally {
      connection.end(new Error('looked'))
    }
  } catch (error) {
    throw new Error(`${describeRedis(address)} cannot be used: ${(error as Error).message}`, { cause: error })
  }
}
