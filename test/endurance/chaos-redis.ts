/** The Redis of the chaos run: one server that counts, and a replica that may have to take its place. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type RedisServer, startRedis } from '../helpers/redis.ts'
import { type Relay, startRelay } from '../helpers/relay.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import type { Skippable } from '../helpers/tools.ts'

export interface ChaosRedis {
  /** Where the server is that counts. */
  readonly port: number
  restart(options: { empty: boolean; downMs: number }): Promise<void>
  freeze(forMs: number): Promise<void>
  /**
   * A replica takes over that has heard nothing for a while.
   *
   * @param moved told as soon as it has: time to send everybody there
   * @returns a function that ends the old server; unless asked to wait for that it has ended already
   */
  promote(lagMs: number, isOldKept: boolean, moved: () => void): Promise<() => Promise<void>>
}

interface Replica {
  server: RedisServer
  link: Relay
}

/** @returns undefined after the test was marked as skipped */
export async function startChaosRedis(t: Cleanup & Skippable): Promise<ChaosRedis | undefined> {
  const first = await startRedis(t)
  if (first === undefined) return undefined
  let current = first
  let replica = await follow()
  return {
    get port() {
      return current.port
    },
    async restart({ empty, downMs }) {
      await current.kill9()
      await sleep(downMs)
      await current.restart({ empty })
    },
    async freeze(forMs) {
      const { process } = current
      process.signal('SIGSTOP')
      await sleep(forMs)
      process.signal('SIGCONT')
    },
    async promote(lagMs, isOldKept, moved) {
      const old = current
      replica.link.set('drop')
      await sleep(lagMs)
      if (!isOldKept) await old.kill9()
      await replica.server.pipe(['REPLICAOF', 'NO', 'ONE'])
      current = replica.server
      moved()
      replica = await follow()
      return async () => void (await old.kill9())
    }
  }

  async function follow(): Promise<Replica> {
    const master = current
    const link = await startRelay(t, () => master.port)
    // Told by a command, so that it does not follow again when it is started anew later.
    const server = await startRedis(t, { args: ['--repl-diskless-sync-delay', '0'] })
    if (server === undefined) throw new Error('redis-server is gone')
    await server.pipe(['REPLICAOF', '127.0.0.1', String(link.port)])
    return { server, link }
  }
}
