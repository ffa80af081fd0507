import { isIP } from 'node:net'
import type { RedisNode } from '../redis-url.ts'

export interface ConnectOptions {
  tls: boolean
  /** PEM certificates to verify the server with. Default: the well-known ones. */
  ca?: string
  user: string | null
  password: string | null
  database: number
  /** For the connection to stand, and for every command, in milliseconds. */
  timeoutMs: number
}

/** One connection to one Redis server. It is never repaired: when it has ended, somebody makes another. */
export interface Connection {
  /**
   * Sends a command and gives its answer. No answer in time ends the connection, since nobody can say what became of
   * the command.
   */
  send(args: string[]): Promise<unknown>
  /** From then on this connection does nothing else. */
  subscribe(channel: string, listener: (message: string) => void): Promise<void>
  /** Resolves with the reason when it has ended, whoever ended it. */
  readonly ended: Promise<Error>
  end(reason: Error): void
}

/**
 * Connects to a server, signs in, and chooses the database. The library is loaded here, so that who does not use Redis
 * does not pay for it.
 */
export async function connect(node: RedisNode, options: ConnectOptions): Promise<Connection> {
  const { createClient } = await import('@redis/client')
  const { timeoutMs } = options
  const socket = {
    host: node.host,
    port: node.port,
    connectTimeout: timeoutMs,
    reconnectStrategy: false as const
  }
  const tls = {
    tls: true as const,
    ...(options.ca === undefined ? {} : { ca: options.ca }),
    ...(isIP(node.host) === 0 ? { servername: node.host } : {})
  }
  const client = createClient({
    // Version 3 gains nothing here, and proxies and old servers do not know it.
    RESP: 2,
    socket: options.tls ? { ...socket, ...tls } : socket,
    ...(options.user === null ? {} : { username: options.user }),
    ...(options.password === null ? {} : { password: options.password }),
    database: options.database,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    // The library's own time-out gives a command up only while it has not been sent.
    commandOptions: { timeout: 0 }
  })
  let endedBy: Error | undefined
  // Not a race with one promise for the whole life: it would remember every command.
  const waiting = new Set<(reason: Error) => void>()
  let settle: (reason: Error) => void
  const ended = new Promise<Error>((resolve) => {
    settle = resolve
  })

  function end(reason: Error): void {
    if (endedBy !== undefined) return
    endedBy = reason
    settle(reason)
    for (const fail of [...waiting]) fail(reason)
    client.destroy()
  }
  client.on('error', end)
  client.on('end', () => end(new Error('the connection has been closed')))

  function inTime<T>(work: Promise<T>, what: string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => end(new Error(`no answer to ${what} within ${timeoutMs} ms`)), timeoutMs)
      const settled = (): void => {
        clearTimeout(timer)
        waiting.delete(fail)
      }
      const fail = (reason: Error): void => {
        settled()
        reject(endedBy ?? reason)
      }
      waiting.add(fail)
      work.then((value) => {
        settled()
        resolve(value)
      }, fail)
    })
  }

  try {
    await inTime(client.connect(), 'connecting')
  } catch (error) {
    end(error as Error)
    throw error
  }
  return {
    send: (args) => inTime(client.sendCommand(args), args[0] ?? ''),
    subscribe: (channel, listener) => inTime(client.subscribe(channel, listener), 'SUBSCRIBE'),
    ended,
    end
  }
}
