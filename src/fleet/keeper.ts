import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from './connection.ts'

export interface KeeperOptions {
  /** Makes a connection, ready for use. */
  open(): Promise<Connection>
  /** Longest time between two attempts, in milliseconds. */
  reconnectMs: number
  onUp?(): void
  /** Told after every end and every attempt that failed. */
  onDown?(reason: Error): void
}

/** Sees to it that there is a connection, for as long as it is not closed. */
export interface Keeper {
  readonly connection: Connection | undefined
  close(): Promise<void>
}

const FIRST_PAUSE_MS = 50

export function keepConnected({ open, reconnectMs, onUp, onDown }: KeeperOptions): Keeper {
  const closing = new AbortController()
  const { signal } = closing
  let connection: Connection | undefined
  const done = run()
  return {
    get connection() {
      return connection
    },
    async close() {
      closing.abort()
      connection?.end(new Error('closed'))
      await done
    }
  }

  async function run(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS
    while (!signal.aborted) {
      const beganMs = performance.now()
      const reason = await live().catch((error: Error) => error)
      if (signal.aborted) return
      onDown?.(reason)
      // A server that takes connections and ends them at once is no better than one that refuses them.
      if (performance.now() - beganMs > reconnectMs) pauseMs = FIRST_PAUSE_MS
      await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {})
      pauseMs = Math.min(reconnectMs, pauseMs * 2)
    }
  }

  async function live(): Promise<Error> {
    const opened = await open()
    if (signal.aborted) opened.end(new Error('closed'))
    connection = opened
    try {
      onUp?.()
      return await opened.ended
    } finally {
      connection = undefined
    }
  }
}
