import type { NetConnectOpts } from 'node:net'
import { type ConnectionOwner, UpstreamConnection } from './connection.ts'
import type { ExchangeHandler, UpstreamRequest, UpstreamTimeouts } from './exchange.ts'

export interface PoolOptions {
  target: NetConnectOpts
  timeouts: UpstreamTimeouts
  /** How long an unused connection is kept, in milliseconds (nginx: upstream `keepalive_timeout`). Default 60 s. */
  keepAliveTimeoutMs?: number
  /** How many unused connections are kept (nginx: upstream `keepalive`). Default 256. */
  maxIdle?: number
}

/** Connections to one upstream: as many as there are requests, kept for the next ones. */
export interface UpstreamPool {
  /** Sends a request, over a kept connection when there is one. */
  dispatch(request: UpstreamRequest, handler: ExchangeHandler): void
  /** Connections that are open, busy or not. */
  readonly size: number
  /** Closes every connection; requests on them fail. */
  close(): void
}

const LONGEST_TICK_MS = 500
const SHORTEST_TICK_MS = 10
/** Time-outs are seen this fraction late at most. */
const TICKS_PER_TIMEOUT = 20

export function createPool(options: PoolOptions): UpstreamPool {
  const { target, timeouts } = options
  const keepAliveTimeoutMs = options.keepAliveTimeoutMs ?? 60_000
  const maxIdle = options.maxIdle ?? 256
  const connections = new Set<UpstreamConnection>()
  // Last in, first out: what was used a moment ago is the least likely to be closed at the other end.
  const idle: UpstreamConnection[] = []
  let ticker: NodeJS.Timeout | null = null

  const owner: ConnectionOwner = {
    timeouts,
    onIdle(connection) {
      connection.deadlineMs = performance.now() + keepAliveTimeoutMs
      if (idle.length < maxIdle) idle.push(connection)
      else connection.abort()
    },
    onClosed(connection) {
      connections.delete(connection)
      const at = idle.indexOf(connection)
      if (at !== -1) idle.splice(at, 1)
      if (connections.size === 0) stopTicker()
    },
    repeat(request, handler) {
      open().send({ ...request, repeatable: false }, handler)
    }
  }

  function open(): UpstreamConnection {
    const connection = new UpstreamConnection(target, owner)
    connections.add(connection)
    ticker ??= startTicker()
    return connection
  }

  // One timer for all connections: a timer each would be set and cleared for every request.
  function startTicker(): NodeJS.Timeout {
    const shortestMs = Math.min(timeouts.connectTimeoutMs, timeouts.responseTimeoutMs, timeouts.idleTimeoutMs)
    const tickMs = Math.min(LONGEST_TICK_MS, Math.max(SHORTEST_TICK_MS, shortestMs / TICKS_PER_TIMEOUT))
    return setInterval(checkDeadlines, tickMs).unref()
  }

  function stopTicker(): void {
    if (ticker !== null) clearInterval(ticker)
    ticker = null
  }

  function checkDeadlines(): void {
    const now = performance.now()
    for (const connection of connections) {
      if (connection.deadlineMs <= now) connection.onDeadline()
    }
  }

  return {
    get size() {
      return connections.size
    },
    dispatch(request, handler) {
      const connection = idle.pop() ?? open()
      connection.send(request, handler)
    },
    close() {
      for (const connection of connections) connection.abort()
    }
  }
}
