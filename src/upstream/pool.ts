import { UpstreamConnection } from './connection.ts'
import type { ConnectionOwner, ExchangeHandler, UpstreamRequest, UpstreamTimeouts } from './exchange.ts'
import type { UpstreamError } from './failure.ts'
import { CLEAN_AFTER_KEPT, createKeepRecord } from './keep-record.ts'
import type { UpstreamTarget } from './target.ts'

export interface PoolOptions {
  target: UpstreamTarget
  timeouts: UpstreamTimeouts
  /** A connection stands. */
  onConnected(): void
  /** A connection can take the next request. */
  onFree(): void
  /** A connection could not be had; the request that wanted it, if any, has not been sent. */
  onUnreachable(error: UpstreamError, request: UpstreamRequest | null, handler: ExchangeHandler | null): void
}

/** Connections to one upstream: as many as there are requests, kept for the next ones. */
export interface UpstreamPool {
  /** Sends a request, over a kept connection when there is one. */
  dispatch(request: UpstreamRequest, handler: ExchangeHandler): void
  /** Sends a request over a kept connection, of which there must be one. */
  dispatchKept(request: UpstreamRequest, handler: ExchangeHandler): void
  /** Opens a connection for the next request, to see whether there is anybody. */
  connect(): void
  /** Connections that are open or being opened. */
  readonly size: number
  /** Of those, the ones that carry a request. */
  readonly busy: number
  /** Of those, the ones that wait for one. */
  readonly kept: number
  /** Closes every connection; nobody hears of the requests on them. */
  close(): void
}

/** How long an unused connection is kept, and how many are (nginx: upstream `keepalive_timeout`, `keepalive`). */
const KEEP_ALIVE_TIMEOUT_MS = 60_000
const MAX_IDLE = 256
/**
 * The same for one that was opened and not needed after all. Node does not count it as idle, so an app that lets its
 * connections finish before it stops would wait for it.
 */
const UNUSED_TIMEOUT_MS = 500
/** An upstream that says how long it keeps connections is not kept waiting for its time-out (Node's own agent: the same). */
const KEEP_ALIVE_MARGIN_MS = 1000
/** A name may mean another address by now, and a connection that is always in use would never find out. */
const MAX_AGE_BY_NAME_MS = 30_000
const LONGEST_TICK_MS = 500
const SHORTEST_TICK_MS = 10
/** Time-outs are seen this fraction late at most. */
const TICKS_PER_TIMEOUT = 20

export function createPool(options: PoolOptions): UpstreamPool {
  const { target, timeouts, onConnected, onFree, onUnreachable } = options
  const maxAgeMs = target.isName ? MAX_AGE_BY_NAME_MS : Number.POSITIVE_INFINITY
  const connections = new Set<UpstreamConnection>()
  // Last in, first out: what was used a moment ago is the least likely to be closed at the other end.
  const idle: UpstreamConnection[] = []
  const record = createKeepRecord(performance.now())
  let ticker: NodeJS.Timeout | null = null

  const owner: ConnectionOwner<UpstreamConnection> = {
    timeouts,
    onConnected,
    onUnreachable,
    onIdle(connection, announcedMs) {
      const now = performance.now()
      const keptMs = connection.isKept ? withMargin(announcedMs) : UNUSED_TIMEOUT_MS
      connection.deadline.set(Math.min(KEEP_ALIVE_TIMEOUT_MS, keptMs), 'idle-timeout')
      if (idle.length < MAX_IDLE && now - connection.openedMs < maxAgeMs) idle.push(connection)
      else connection.abort()
      if (connection.isKept) record.onKept()
      onFree()
    },
    onBroken() {
      record.onBroken(performance.now())
    },
    onClosed(connection) {
      connections.delete(connection)
      const at = idle.lastIndexOf(connection)
      if (at !== -1) idle.splice(at, 1)
      if (connections.size === 0) stopTicker()
    },
    repeat(request, handler) {
      handler.onTakenBack()
      if (!handler.isGone) open().send({ ...request, repeatable: false }, handler)
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
    // Only once this turn has read what there is: what came while the process was busy came in time.
    return setInterval(() => setImmediate(checkDeadlines), tickMs).unref()
  }

  function stopTicker(): void {
    if (ticker !== null) clearInterval(ticker)
    ticker = null
  }

  function checkDeadlines(): void {
    const now = performance.now()
    for (const connection of connections) {
      if (connection.deadline.dueMs <= now) connection.onDeadline()
    }
  }

  return {
    get size() {
      return connections.size
    },
    get busy() {
      return connections.size - idle.length
    },
    get kept() {
      return idle.length
    },
    dispatchKept(request, handler) {
      idle.pop()!.send(request, handler)
    },
    dispatch(request, handler) {
      const isRevocable = request.repeatable || request.asksFirst
      if (!request.isResent && (isRevocable || record.isClean(performance.now()))) {
        const connection = idle.pop() ?? open()
        connection.send(request, handler)
      } else {
        open().send(idle.length < CLEAN_AFTER_KEPT ? request : forOneConnection(request), handler)
      }
    },
    connect() {
      open()
    },
    close() {
      for (const connection of connections) connection.abort()
    }
  }
}

// The upstream counts from the moment in which it has sent its answer, and we from that in which we have read it.
function withMargin(announcedMs: number): number {
  return Math.max(announcedMs - KEEP_ALIVE_MARGIN_MS, announcedMs / 2)
}

// There are enough to be kept. The upstream ends this one, so that the address is not in use with us for a minute more.
function forOneConnection(request: UpstreamRequest): UpstreamRequest {
  if (request.upgrade) return request
  return { ...request, head: `${request.head.slice(0, -2)}Connection: close\r\n\r\n` }
}
