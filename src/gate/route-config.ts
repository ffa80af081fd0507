import { InputError } from '../errors.ts'
import { refuseUnknown } from '../known-options.ts'

/** What a route says of itself, as `config.intermission`. */
export interface RouteConfig {
  /** Answer this route while the site is closed as well. Nobody waits for its requests to finish. Default false. */
  bypass?: boolean
  /** The route hands its requests on, to somebody who says by itself when they are over. Default false. */
  forwards?: boolean
}

const KNOWN: Record<keyof RouteConfig, true> = { bypass: true, forwards: true }

/**
 * Refuses what would do nothing in silence: a route that is meant to stay open and would be closed.
 *
 * @param url names the route
 * @throws InputError, or IntermissionError ERR_PLUGIN_MISUSE for a name that there is not
 */
export function checkRouteConfig(url: string, config: RouteConfig): void {
  refuseUnknown(`config.intermission of the route ${url}`, config, KNOWN)
  for (const name of Object.keys(KNOWN) as (keyof RouteConfig)[]) {
    const value: unknown = config[name]
    if (value !== undefined && typeof value !== 'boolean')
      throw new InputError(`config.intermission.${name} of the route ${url}`, value, 'true or false')
  }
}
