import { InputError } from '../errors.ts'
import type { ExchangeHandler, RequestChannel } from './exchange.ts'
import type { UpstreamError } from './failure.ts'
import type { Upstream } from './upstream.ts'
import { upstreamRequest } from './upstream-request.ts'

export interface HealthCheckOptions {
  upstreams: readonly Upstream[]
  /** What is asked of each: `tcp` for a connection, or a path such as `/healthz` for an answer from 200 to 399. */
  check: string
  /** Milliseconds between two checks. */
  everyMs: number
  /** An upstream began or ceased to pass. */
  onChange(upstream: Upstream, isHealthy: boolean, why: string): void
}

/** Failures in a row until an upstream is taken for ill: one may be chance. */
const FAILURES = 2

/**
 * Looks after the upstreams on its own, so that one that fails gets no requests while another does not.
 *
 * @returns stops it
 * @throws InputError when `check` is neither `tcp` nor a path
 */
export function startHealthChecks(options: HealthCheckOptions): () => void {
  const { check, upstreams, everyMs } = options
  if (check !== 'tcp' && !/^\/[\x21-\x7e]*$/.test(check)) {
    throw new InputError('healthCheck', check, 'tcp, or a path such as /healthz')
  }
  const timers = upstreams.map((upstream) => {
    const report = createReport(upstream, options)
    const look = (): void => {
      // An open breaker has attempts of its own.
      if (upstream.breaker !== 'closed') report(`breaker ${upstream.breaker}`)
      else if (check === 'tcp') lookByConnecting(upstream, report)
      else lookByAsking(upstream, check, report)
    }
    look()
    return setInterval(look, everyMs).unref()
  })
  return () => {
    for (const timer of timers) clearInterval(timer)
  }
}

/** Looks once, right now: by a connection, or by the path that is asked for. */
export function passesNow(upstream: Upstream, check: string | null): Promise<boolean> {
  if (check === null || check === 'tcp') return upstream.reach()
  return new Promise((resolve) => lookByAsking(upstream, check, (failure) => resolve(failure === null)))
}

/** Takes what went wrong, or null. */
type Report = (failure: string | null) => void

function createReport(upstream: Upstream, { onChange }: HealthCheckOptions): Report {
  // One that was ill for whoever looked before is not well at once.
  let failures = upstream.isHealthy ? 0 : FAILURES
  return (failure) => {
    failures = failure === null ? 0 : failures + 1
    const isHealthy = failures < FAILURES
    if (isHealthy === upstream.isHealthy) return
    upstream.isHealthy = isHealthy
    onChange(upstream, isHealthy, failure ?? 'passed')
  }
}

// A failure opens the breaker, which the next look sees.
function lookByConnecting(upstream: Upstream, report: Report): void {
  if (upstream.connections === 0) upstream.connect()
  report(null)
}

function lookByAsking(upstream: Upstream, path: string, report: Report): void {
  const head = `GET ${path} HTTP/1.1\r\nHost: ${upstream.host}\r\nUser-Agent: intermission-health\r\n\r\n`
  upstream.dispatch(upstreamRequest('GET', { head, hasBody: false }, false), new HealthExchange(report))
}

class HealthExchange implements ExchangeHandler {
  readonly isGone = false
  readonly #report: Report
  #channel: RequestChannel | null = null

  constructor(report: Report) {
    this.#report = report
  }

  onConnection(channel: RequestChannel): void {
    this.#channel = channel
  }

  onHead({ status }: { status: number }): void {
    this.#report(status < 400 ? null : `status ${status}`)
  }

  onError(error: UpstreamError): void {
    this.#report(error.message)
  }

  onUpgrade(): void {
    this.#channel?.abort()
  }

  onBodyWanted(): void {}

  onTakenBack(): void {}

  onInterim(): void {}
  onData(): void {}
  onBatchEnd(): void {}
  holdsBytes(): boolean {
    return false
  }

  onEnd(): void {}
  onDrain(): void {}
}
