import { isDeepStrictEqual } from 'node:util'
import type { ExchangeHandler, UpstreamRequest, UpstreamTimeouts } from './exchange.ts'
import { leavesOthers, type UpstreamError } from './failure.ts'
import { createPool } from './pool.ts'
import { canConnect, type UpstreamTarget } from './target.ts'

/**
 * Whether requests are sent to an upstream: `closed` sends them; `open` knows that nobody is there; `half-open` is
 * finding out whether that is still so.
 */
export type BreakerState = 'closed' | 'open' | 'half-open'

/** Who uses an upstream, and hears of it. */
export interface UpstreamUser {
  /**
   * Tries by itself to connect while nobody is there. An only upstream is tried for each request that comes; one of
   * several gets none as long as another answers.
   */
  probesAlone: boolean
  /** The breaker closed or opened; the error says why it opened. */
  onBreaker(upstream: Upstream, error: UpstreamError | null): void
  /** No more connections can be had, but one that was kept is free. */
  onFree(): void
  /** Nobody is there; the request, if the attempt was for one, has not been sent. */
  onUnreachable(
    upstream: Upstream,
    error: UpstreamError,
    request: UpstreamRequest | null,
    handler: ExchangeHandler | null
  ): void
}

/** One place that the app listens at, and what we know of it. */
export interface Upstream {
  readonly name: string
  readonly target: UpstreamTarget
  readonly timeouts: UpstreamTimeouts
  /** Has another user from now on. Connections, and what is known, stay. */
  usedBy(user: UpstreamUser): void
  /** The Host that a request of our own names. */
  readonly host: string
  readonly breaker: BreakerState
  /** The last connection could not be had, and nobody said no: those that are kept may be as good as ever. */
  readonly isFull: boolean
  /** What the last health check said; true while there are none. */
  isHealthy: boolean
  /** Connections that carry a request or are being opened for one. */
  readonly busy: number
  readonly connections: number
  /**
   * Whether a request can be sent: to whoever is there, or over what is kept of one that takes no more connections.
   *
   * @param isResent it has been taken back before, so that a kept connection will not do
   */
  canTake(isResent: boolean): boolean
  /** Sends a request, over a new connection where it cannot take it otherwise. */
  dispatch(request: UpstreamRequest, handler: ExchangeHandler): void
  /** Finds out now whether anybody is there, apart from all requests. */
  reach(): Promise<boolean>
  /** Opens a connection for later. */
  connect(): void
  /** While the breaker is open: tries to connect, unless an attempt is under way or was made just now. */
  probe(): void
  close(): void
}

/** Between two attempts of an upstream that probes alone. One that has returned is back in use within this. */
const PROBE_EVERY_MS = 200
/** Between two attempts while requests wait for one: an attempt each would be dear under load. */
const PROBE_GAP_MS = 1
/** An app that is known to be gone may have come back: a request waits this long for the attempt to find out. */
export const WAIT_FOR_PROBE_MS = 50

/**
 * Only a connection that cannot be had opens the breaker: a slow or failing answer says something about one request,
 * not about the app.
 */
export function createUpstream(
  target: UpstreamTarget,
  timeouts: UpstreamTimeouts,
  firstUser: UpstreamUser
): Upstream {
  let user = firstUser
  let breaker: BreakerState = 'closed'
  let isFull = false
  // Of the last attempt: when it began, or has failed.
  let triedMs = 0
  let probeTimer: NodeJS.Timeout | null = null

  const pool = createPool({
    target,
    timeouts,
    onConnected() {
      if (breaker === 'closed') return
      breaker = 'closed'
      isFull = false
      stopProbing()
      user.onBreaker(upstream, null)
    },
    onFree() {
      // Not before the answer that has freed it is done with.
      if (isFull) setImmediate(() => user.onFree())
    },
    onUnreachable(error, request, handler) {
      const wasClosed = breaker === 'closed'
      breaker = 'open'
      isFull = leavesOthers(error.reason)
      triedMs = performance.now()
      probeAlone()
      if (wasClosed) user.onBreaker(upstream, error)
      user.onUnreachable(upstream, error, request, handler)
    }
  })

  function probe(): void {
    if (breaker !== 'open' || performance.now() - triedMs < PROBE_GAP_MS) return
    breaker = 'half-open'
    triedMs = performance.now()
    pool.connect()
  }

  function probeAlone(): void {
    if (user.probesAlone) probeTimer ??= setInterval(probe, PROBE_EVERY_MS).unref()
  }

  function stopProbing(): void {
    if (probeTimer !== null) clearInterval(probeTimer)
    probeTimer = null
  }

  function canTake(isResent: boolean): boolean {
    return breaker === 'closed' || (isFull && !isResent && pool.kept > 0)
  }

  const upstream: Upstream = {
    name: target.name,
    target,
    timeouts,
    usedBy(next) {
      user = next
      stopProbing()
      if (breaker !== 'closed') probeAlone()
    },
    host: target.host,
    isHealthy: true,
    get breaker() {
      return breaker
    },
    get busy() {
      return pool.busy
    },
    get connections() {
      return pool.size
    },
    get isFull() {
      return isFull
    },
    canTake,
    dispatch(request, handler) {
      if (breaker === 'closed' || !canTake(request.isResent)) {
        pool.dispatch(request, handler)
        return
      }
      pool.dispatchKept(request, handler)
      probe()
    },
    async reach() {
      const isThere = await canConnect(target, timeouts.connectTimeoutMs)
      if (isThere) probe()
      return isThere
    },
    connect: pool.connect,
    probe,
    close() {
      stopProbing()
      pool.close()
    }
  }
  return upstream
}

/** Whether an upstream is what would be made of these. */
export function isSame(one: Upstream, target: UpstreamTarget, timeouts: UpstreamTimeouts): boolean {
  return one.target.identity === target.identity && isDeepStrictEqual(one.timeouts, timeouts)
}
