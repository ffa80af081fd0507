import { createWaitingRoom } from '../waiting-room.ts'
import type { ExchangeHandler, UpstreamRequest, UpstreamTimeouts } from './exchange.ts'
import { UpstreamError } from './failure.ts'
import { resending } from './resend.ts'
import type { UpstreamTarget } from './target.ts'
import { createUpstream, isSame, type Upstream, type UpstreamUser, WAIT_FOR_PROBE_MS } from './upstream.ts'

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
  /** One whose place it will take: upstreams that both have stay as they are. Default: none. */
  replaces?: Forwarder | undefined
}

/** Shared by a forwarder and all that take its place, so that none of them keeps those in between. */
export interface ForwarderLine {
  current: Forwarder | null
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
  /** Which of all that have taken the place of one another is in use. */
  readonly line: ForwarderLine
  /** Goes on with what the forwarder that this one replaces was to do. */
  resume(request: UpstreamRequest, handler: ExchangeHandler): void
  /** Takes the place of the one that it replaces, with its upstreams and with those who wait there. */
  takeOver(): void
  /** Lets the one in use do what is still to be done. @param kept upstreams that are that one's from now on */
  handOver(kept: ReadonlySet<Upstream>): void
  /** Closes its upstreams, but for those that are another one's. */
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

// A request that is refused again after its release has waited already, and one that has changed its forwarder as well.
const waitsUntilMs = new WeakMap<ExchangeHandler, number>()

// One for all: an error keeps alive whatever was being called when it was made.
const NOT_TRIED = new UpstreamError('refused', 'no upstream has been tried')

export function createForwarder({ replaces, ...options }: ForwarderOptions): Forwarder {
  const { timeouts, holdOnRefusedMs } = options
  // Forgotten with its hand-over, or each would keep all that were before.
  let before = replaces
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
  let lastError = NOT_TRIED
  let prober: NodeJS.Timeout | null = null
  let turn = 0
  let attempts = ATTEMPTS
  let countedMs = 0
  const line: ForwarderLine = before?.line ?? { current: null }

  const user: UpstreamUser = {
    probesAlone: options.targets.length > 1,
    onBreaker(upstream, error) {
      if (error === null) {
        attempts = ATTEMPTS
        release()
      }
      options.onBreaker(upstream, error)
    },
    onFree: release,
    onUnreachable(_upstream, error, request, handler) {
      lastError = error
      if (request !== null && handler !== null && !handler.isGone) onRefused(request, handler)
      else if (holdOnRefusedMs === 0 && upstreams.every(isGone)) room.empty(fail)
    }
  }
  const left = [...(before?.upstreams ?? [])]
  const kept = new Set<Upstream>()
  const upstreams = options.targets.map((target) => {
    const at = left.findIndex((one) => isSame(one, target, timeouts))
    if (at === -1) return createUpstream(target, timeouts, user)
    const [upstream] = left.splice(at, 1) as [Upstream]
    kept.add(upstream)
    return upstream
  })
  const owned = new Set(upstreams.filter((one) => !kept.has(one)))

  function dispatch(request: UpstreamRequest, handler: ExchangeHandler): void {
    const other = successor()
    if (other !== null) {
      other.resume(request, handler)
      return
    }
    const upstream = upstreams.length === 1 ? upstreams[0]! : choose(request)
    if (upstream.canTake(request.isResent)) upstream.dispatch(request, handler)
    else wait(request, handler, waitMs)
  }

  // A request that comes by itself is worth an attempt: the app may have come back in this moment. In a rush an attempt
  // in a while has to do, for it costs more than many answers. Pauses do not end a rush: they are how a busy machine looks.
  function refusal(): UpstreamError | null {
    const other = successor()
    if (other !== null) return other.refusal()
    if (holdOnRefusedMs > 0 || !hasNobody() || hasFull()) return null
    const now = performance.now()
    attempts = Math.min(ATTEMPTS, attempts + (now - countedMs) / ATTEMPT_EVERY_MS)
    countedMs = now
    return attempts < 1 ? lastError : null
  }

  // The first of those that do best, counted from the one after the last choice: with equals, it is everybody's turn.
  function choose({ isResent }: UpstreamRequest): Upstream {
    turn = (turn + 1) % upstreams.length
    let best = upstreams[turn]!
    for (let step = 1; step < upstreams.length; step++) {
      const other = upstreams[(turn + step) % upstreams.length]!
      if (rank(other, isResent) < rank(best, isResent)) best = other
    }
    return best
  }

  function rank(upstream: Upstream, isResent: boolean): number {
    if (!upstream.canTake(isResent)) return Number.POSITIVE_INFINITY
    // One that fails its checks, or takes no more connections, is better than none.
    const handicap = upstream.isHealthy && upstream.breaker === 'closed' ? 0 : 1e9
    return handicap + (options.balance === 'least-busy' ? upstream.busy : 0)
  }

  // Nothing has been sent and nothing has been read, so another one may have it, whatever the method.
  function onRefused(request: UpstreamRequest, handler: ExchangeHandler): void {
    if (successor() !== null || !hasNobody(request.isResent)) dispatch(request, handler)
    else if (holdOnRefusedMs > 0 || hasFull()) wait(request, handler, waitMs)
    else handler.onError(lastError)
  }

  function wait(request: UpstreamRequest, handler: ExchangeHandler, forMs: number): void {
    attempts = Math.max(0, attempts - 1)
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

  function successor(): Forwarder | null {
    return line.current === forwarder ? null : line.current
  }

  function stopProbing(): void {
    if (prober !== null) clearInterval(prober)
    prober = null
  }

  function hasNobody(isResent = false): boolean {
    return upstreams.every((upstream) => !upstream.canTake(isResent))
  }

  // A connection that is kept there may be free in a moment, without an attempt.
  function hasFull(): boolean {
    return upstreams.some(({ isFull }) => isFull)
  }

  function release(): void {
    room.release(({ request }) => hasNobody(request.isResent))
  }

  function fail({ handler }: Waiting): void {
    handler.onError(lastError)
  }

  const forwarder: Forwarder = {
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
    resume: dispatch,
    line,
    takeOver() {
      line.current = forwarder
      for (const upstream of kept) {
        owned.add(upstream)
        upstream.usedBy(user)
      }
      before?.handOver(kept)
      before = undefined
      kept.clear()
    },
    handOver(theirs) {
      for (const upstream of theirs) owned.delete(upstream)
      room.empty(({ request, handler }) => line.current!.resume(request, handler))
      stopProbing()
    },
    close() {
      room.empty(fail)
      stopProbing()
      for (const upstream of owned) upstream.close()
    }
  }
  line.current ??= forwarder
  return forwarder
}

const isGone = ({ breaker, isFull }: Upstream): boolean => breaker === 'open' && !isFull
