/** Many requests at a time over kept connections, each of which is answered or counted as an error. */
import { Agent, request as httpRequest, type OutgoingHttpHeaders } from 'node:http'

/** One request of the load. */
export interface LoadRequest {
  method?: string
  path?: string
  headers?: OutgoingHttpHeaders
  body?: string
}

export interface LoadOptions {
  /** Base URL of what is loaded. */
  url: string
  /** How many requests run at a time, each on a connection of its own. */
  connections: number
  /** What to ask the nth time. */
  ask(n: number): LoadRequest
  /** Asked before each request: false ends the load. */
  more(n: number): boolean
  /** Sees each answer, after its body is complete. */
  onAnswer?(answer: LoadAnswer, n: number): void
}

export interface LoadAnswer {
  status: number
  body: string
  /** Value of Intermission-Reason: the gateway, not the app, has answered. */
  reason: string | undefined
}

export interface LoadReport {
  requests: number
  seconds: number
  /** How often each outcome came: a status with the gateway's reason, or what went wrong, after the method. */
  outcomes: Record<string, number>
  /** The longest that a request took, in milliseconds. */
  longestMs: number
}

/** A request that has not been answered by then hangs. */
const HANGS_AFTER_MS = 30_000

/** Runs the load to its end. */
export async function load(options: LoadOptions): Promise<LoadReport> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections })
  const report: LoadReport = { requests: 0, seconds: 0, outcomes: {}, longestMs: 0 }
  const startMs = performance.now()
  let next = 0

  async function lane(): Promise<void> {
    while (options.more(next)) {
      const n = next++
      const asked = options.ask(n)
      const method = asked.method ?? 'GET'
      const fromMs = performance.now()
      let outcome: string
      try {
        const answer = await ask(options.url, asked, agent)
        options.onAnswer?.(answer, n)
        outcome = `${method} ${answer.status}${answer.reason === undefined ? '' : ` ${answer.reason}`}`
      } catch (error) {
        outcome = `${method} ${(error as NodeJS.ErrnoException).code ?? String(error)}`
      }
      report.longestMs = Math.max(report.longestMs, performance.now() - fromMs)
      report.outcomes[outcome] = (report.outcomes[outcome] ?? 0) + 1
      report.requests++
    }
  }

  await Promise.all(Array.from({ length: options.connections }, lane))
  agent.destroy()
  report.seconds = (performance.now() - startMs) / 1000
  return report
}

/** How many outcomes are not among those that are expected. */
export function unexpected(report: LoadReport, expected: RegExp): number {
  const others = Object.entries(report.outcomes).filter(([outcome]) => !expected.test(outcome))
  return others.reduce((sum, [, count]) => sum + count, 0)
}

/** The report in one line. */
export function summary({ requests, seconds, outcomes, longestMs }: LoadReport): string {
  const rate = Math.round(requests / seconds)
  return `${requests} requests, ${rate}/s, longest ${Math.round(longestMs)} ms: ${JSON.stringify(outcomes)}`
}

/** Sends one request and reads the whole answer. Fails when it is cut or does not come. */
export function ask(url: string, asked: LoadRequest, agent?: Agent): Promise<LoadAnswer> {
  const { method = 'GET', path = '/', headers = {}, body } = asked
  return new Promise((resolve, reject) => {
    const all = { ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }), ...headers }
    const request = httpRequest(url + path, { method, headers: all, agent: agent ?? false }, (response) => {
      let text = ''
      response.setEncoding('latin1').on('data', (piece: string) => {
        text += piece
      })
      response.on('error', fail)
      response.on('end', () => {
        clearTimeout(timer)
        const reason = response.headers['intermission-reason']
        resolve({ status: response.statusCode ?? 0, body: text, reason: reason?.toString() })
      })
    })
    const timer = setTimeout(() => request.destroy(new Error('no answer')), HANGS_AFTER_MS)
    request.on('error', fail)
    request.end(body)

    function fail(error: Error): void {
      clearTimeout(timer)
      reject(error)
    }
  })
}
