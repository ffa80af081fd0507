import { createWaitingRoom } from '../waiting-room.ts'
import type { ExchangeHandler, UpstreamRequest, UpstreamTimeouts } from './exchange.ts'
import { UpstreamError } from './failure.ts'
import { resending } from './resend.ts'
import type { UpstreamTarget } from './target.ts'
import { createUpstream, type Upstream, WAIT_FOR_PROBE_MS } from './upstream.ts'

/** Which of several upstreams gets the next request. */
export type Balance = 'least-busy' | 'round-robin'

export interface ForwarderOptions {
  /** At least one. */
  targets: UpstreamTarget[]
  timeouts: UpstreamTimeouts
  balance: Balance
  /** How long a request waits for an app that refuses connections, in milliseconds; 0 = not at all. */
  holdOnRefusedMs: number
  /** An upstream has become unreachable, or, without an error, reachable again. */
  onBreaker(upstream: Upstream, error: UpstreamError | null): void
}

/** Sends requests to whichever upstream can take them. */
export interface Forwarder {
  readonly upstreams: readonly Upstream[]
  /** Requests that wait for an upstream to come back. */
  readonly held: number
  /** Why a request could not be sent to anybody right now; null when it is worth a dispatch. */
  refusal(): UpstreamError | null
  /** Whether there is an upstream that is not known to be gone. When there is none, it looks again. */
  isReachable(): boolean
  dispatch(request: UpstreamRequest, handler: ExchangeHandler): void
  close(): void
}

const PROBE_EVERY_MS = 25
/** While nobody is there, so many requests may each have an attempt of its own, and one more each time this has passed. */
const ATTEMPTS = 100
const ATTEMPT_EVERY_MS = 20
/** As many as the default of the mode `hold`. */
const HOLD_LIMIT = 5000

interface Waiting {
  request: UpstreamRequest
  handler: ExchangeHandler
  untilMs: number
}

export function createForwarder(options: ForwarderOptions): Forwarder {
  const { timeouts, holdOnRefusedMs } = options
  const room = createWaitingRoom<Waiting>({
    limit: HOLD_LIMIT,
    isGone: ({ handler }) => handler.isGone,
    dueMs: ({ untilMs }) => untilMs,
    onExpired: fail,
    onReleased({ request, handler }) {
      dispatch(request, handler)
      return true
    }
  })
  const waitMs = Math.max(holdOnRefusedMs, WAIT_FOR_PROBE_MS)
  let lastError = new UpstreamError('refused', 'no upstream has been tried')
  let prober: NodeJS.Timeout | null = null
  let turn = 0
  let attempts = ATTEMPTS
  let countedMs = 0
  // A request that is refused again after its release has waited already.
  const waitsUntilMs = new WeakMap<ExchangeHandler, number>()

  const upstreams = options.targets.map((target) =>
    createUpstream({
      target,
      timeouts,
      probesAlone: options.targets.length > 1,
      onBreaker(upstream, error) {
        if (error === null) {
          attempts = ATTEMPTS
          room.release(hasNobody)
        }
        options.onBreaker(upstream, error)
      },
      onUnreachable(_upstream, error, request, handler) {
        lastError = error
        if (request !== null && handler !== null && !handler.isGone) onRefused(request, handler)
        else if (holdOnRefusedMs === 0 && upstreams.every(({ breaker }) => breaker === 'open'))
          room.empty(fail)
      }
    })
  )

  function dispatch(request: UpstreamRequest, handler: ExchangeHandler): void {
    const upstream = upstreams.length === 1 ? upstreams[0]! : choose()
    if (upstream.breaker === 'closed') upstream.dispatch(request, handler)
    else wait(request, handler, waitMs)
  }

  // A request that comes by itself is worth an attempt: the app may have come back in this moment. In a rush an attempt
  // in a while has to do, for it costs more than many answers. Pauses do not end a rush: they are how a busy machine looks.
  function refusal(): UpstreamError | null {
    if (holdOnRefusedMs > 0 || !hasNobody()) return null
    const now = performance.now()
    attempts = Math.min(ATTEMPTS, attempts + (now - countedMs) / ATTEMPT_EVERY_MS)
    countedMs = now
    if (attempts < 1) return lastError
    attempts--
    return null
  }

  // The first of those that do best, counted from the one after the last choice: with equals, it is everybody's turn.
  function choose(): Upstream {
    turn = (turn + 1) % upstreams.length
    let best = upstreams[turn]!
    for (let step = 1; step < upstreams.length; step++) {
      const other = upstreams[(turn + step) % upstreams.length]!
      if (rank(other) < rank(best)) best = other
    }
    return best
  }

  function rank(upstream: Upstream): number {
    if (upstream.breaker !== 'closed') return Number.POSITIVE_INFINITY
    // One that fails its checks is better than none.
    const handicap = upstream.isHealthy ? 0 : 1e9
    return handicap + (options.balance === 'least-busy' ? upstream.busy : 0)
  }

  // Nothing has been sent and nothing has been read, so another one may have it, whatever the method.
  function onRefused(request: UpstreamRequest, handler: ExchangeHandler): void {
    if (!hasNobody()) dispatch(request, handler)
    else if (holdOnRefusedMs > 0) wait(request, handler, holdOnRefusedMs)
    else handler.onError(lastError)
  }

  function wait(request: UpstreamRequest, handler: ExchangeHandler, forMs: number): void {
    const untilMs = waitsUntilMs.get(handler) ?? performance.now() + forMs
    waitsUntilMs.set(handler, untilMs)
    if (!room.add({ request, handler, untilMs })) {
      handler.onError(lastError)
      return
    }
    prober ??= setInterval(probe, PROBE_EVERY_MS)
    for (const upstream of upstreams) upstream.probe()
  }

  function probe(): void {
    if (room.size > 0) for (const upstream of upstreams) upstream.probe()
    else stopProbing()
  }

  function stopProbing(): void {
    if (prober !== null) clearInterval(prober)
    prober = null
  }

  function hasNobody(): boolean {
    return upstreams.every(({ breaker }) => breaker !== 'closed')
  }

  function fail({ handler }: Waiting): void {
    handler.onError(lastError)
  }

  return {
    upstreams,
    get held() {
      return room.size
    },
    refusal,
    isReachable() {
      if (!hasNobody()) return true
      for (const upstream of upstreams) upstream.probe()
      return false
    },
    dispatch: holdOnRefusedMs > 0 ? resending(dispatch) : dispatch,
    close() {
      room.empty(fail)
      stopProbing()
      for (const upstream of upstreams) upstream.close()
    }
  }
}
