import { hostname } from 'node:os'
import { type FastifyServerOptions, LogController } from 'fastify'
import type { AccessLogOptions } from './access-log.ts'
import type { ProcessOptions } from './config/settings.ts'
import { createRequestIds } from './request-id.ts'

/** What every app of a gateway is made with. */
export interface AppDeps {
  options: FastifyServerOptions
  /** How its requests are logged; null = not at all. */
  accessLog: AccessLogOptions | null
}

/**
 * What all apps of one gateway have in common: one log, and ids that name a request whichever app it went to.
 *
 * @returns makes the options of one app; `site` is named in its log lines
 */
export function createAppOptions(
  { logLevel, trustProxy }: Pick<ProcessOptions, 'logLevel' | 'trustProxy'>,
  output: NodeJS.WritableStream
): (site?: string) => FastifyServerOptions {
  const genReqId = createRequestIds(trustProxy)
  // Requests are logged by the access log, if at all.
  const logController = new LogController({ disableRequestLogging: true })
  return (site) => {
    const base = { pid: process.pid, hostname: hostname(), ...(site === undefined ? {} : { site }) }
    return { logger: { level: logLevel, stream: output, base }, logController, genReqId }
  }
}
