/** A bare node:http server that answers everything with what the gateway would say, and a client for it. */
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Answers, type AnswersOptions, createAnswers, type Problem } from '../../src/pages/answers.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'

export const MAINTENANCE: Problem = { status: 503, reason: 'maintenance' }
export const UNREACHABLE: Problem = { status: 502, reason: 'upstream-unreachable' }

/** An answer as it was received. */
export interface Received {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
  text: string
}

export interface AnsweringServer {
  readonly port: number
  readonly answers: Answers
  readonly server: Server
  /** What is said from the next request on. */
  problem: Problem
  /** Warnings, in order. */
  readonly warnings: { fields: object; text: string }[]
  get(headers?: Record<string, string>, more?: { method?: string; body?: string }): Promise<Received>
}

/** Starts one on a free port; it is closed when the test ends. */
export async function answering(
  t: Cleanup,
  problem: Problem,
  options: AnswersOptions = {}
): Promise<AnsweringServer> {
  const warnings: AnsweringServer['warnings'] = []
  const answers = createAnswers({
    log: { warn: (fields, text) => warnings.push({ fields, text }) },
    ...options
  })
  const server = createServer((incoming, response) => answers.write(incoming, response, it.problem))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    answers.close()
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  const it: AnsweringServer = {
    port,
    answers,
    server,
    problem,
    warnings,
    get: (headers = {}, more = {}) => fetchWhole(port, '/some/path', { headers, ...more })
  }
  return it
}

/** One request over a connection of its own. */
export function fetchWhole(
  port: number,
  path: string,
  more: { method?: string; headers?: Record<string, string>; body?: string } = {}
): Promise<Received> {
  const { method = 'GET', body } = more
  // Node's client sends the body of a DELETE without saying how long it is.
  const headers = {
    ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
    ...more.headers
  }
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (incoming) => {
      const parts: Buffer[] = []
      incoming.on('data', (part: Buffer) => parts.push(part))
      incoming.on('error', reject)
      incoming.on('end', () => {
        const whole = Buffer.concat(parts)
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: whole,
          text: whole.toString()
        })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
