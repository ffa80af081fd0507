import { isRedisUrl } from '../redis-url.ts'
import type { Barrier } from '../state/barrier.ts'
import { type Control, type ControlDeps, openControl } from '../state/control.ts'
import { openStore } from '../state/open-store.ts'
import type { Crew } from './crew.ts'
import type { Fleet } from './fleet.ts'
import { createLocalFleet } from './local-fleet.ts'
import { openRedisFleet, type RedisFleetOptions } from './redis-fleet.ts'

export interface FleetOptions extends RedisFleetOptions {
  /** For a file: move an unreadable one aside and begin live. Default: refuse it. */
  recover?: boolean
}

/**
 * Opens the store that an address names, and takes part in the fleet that shares it.
 *
 * @throws InputError for an address that cannot be
 */
export async function openFleet({ recover = false, ...options }: FleetOptions): Promise<Fleet> {
  if (isRedisUrl(options.url)) return openRedisFleet(options)
  const store = openStore(options.url, { recover, ...(options.onError ? { onError: options.onError } : {}) })
  return createLocalFleet(store, options.url.startsWith('file:') ? 'file' : 'memory', options.software ?? '')
}

/** Opens the modes of the sites in a fleet, and serves them in this process alone. */
export async function openFleetControl(
  fleet: Fleet,
  deps: Omit<ControlDeps, 'store' | 'barrier' | 'now' | 'isTrusted'>
): Promise<Control> {
  let local: Barrier | undefined
  const control = await openControl({
    ...deps,
    store: fleet.store,
    now: fleet.now,
    isTrusted: fleet.isTrusted,
    barrier(given) {
      local = given
      return fleet.barrier(given)
    }
  })
  fleet.attach(crewOf(control, local as Barrier))
  return control
}

function crewOf(control: Control, barrier: Barrier): Crew {
  const inFlights = () => control.siteNames.map((name) => control.site(name).inFlight)
  return {
    barrier,
    get revision() {
      return control.revision
    },
    get siteNames() {
      return control.siteNames
    },
    get inFlight() {
      return inFlights().reduce((sum, { count }) => sum + count, 0)
    },
    workers: 1,
    abort() {
      for (const inFlight of inFlights())
        void inFlight.drained(inFlight.close(), { timeoutMs: 0, force: true })
    }
  }
}
