import { hostname } from 'node:os'
import { type FastifyServerOptions, LogController } from 'fastify'
import type { ProcessOptions } from './config/settings.ts'

/** What every app of a gateway is made with. */
export interface AppDeps {
  options: FastifyServerOptions
  /** Takes access log lines; null = none are written. */
  accessLog: NodeJS.WritableStream | null
}

/**
 * What all apps of one gateway have in common: one log, and ids that name a request whichever app it went to.
 *
 * @returns makes the options of one app; `site` is named in its log lines
 */
export function createAppOptions(
  { logLevel }: Pick<ProcessOptions, 'logLevel'>,
  output: NodeJS.WritableStream
): (site?: string) => FastifyServerOptions {
  let requests = 0
  const genReqId = (): string => `req-${(++requests).toString(36)}`
  // Requests are logged by the access log, if at all.
  const logController = new LogController({ disableRequestLogging: true })
  return (site) => {
    const base = { pid: process.pid, hostname: hostname(), ...(site === undefined ? {} : { site }) }
    return { logger: { level: logLevel, stream: output, base }, logController, genReqId }
  }
}
