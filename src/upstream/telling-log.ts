import type { BackendOptions } from './backend.ts'
import { logLevelOf, type UpstreamError } from './failure.ts'

/** As much of a logger as is needed here. */
interface Log {
  debug(fields: object, text: string): void
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
}

/** Says in the log what becomes of upstreams. */
export function tellingLog(log: Log): Pick<BackendOptions, 'onBreaker' | 'onHealth'> {
  return {
    onBreaker({ name }, error) {
      if (error === null) log.info({ upstream: name }, 'upstream reachable')
      else log.warn({ upstream: name, cause: error.reason, err: error }, 'upstream unreachable')
    },
    onHealth({ name }, isHealthy, why) {
      if (isHealthy) log.info({ upstream: name }, 'upstream healthy')
      else log.warn({ upstream: name, why }, 'upstream unhealthy')
    }
  }
}

/** Says in the log why a request has failed. */
export function logFailure(log: Pick<Log, 'debug' | 'warn'>, requestId: string, error: UpstreamError): void {
  log[logLevelOf(error.reason)]({ err: error, cause: error.reason, requestId }, 'upstream request failed')
}
