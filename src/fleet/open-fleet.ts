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

/**
 * Opens the modes of the sites in a fleet.
 *
 * @param crew who serves them, where it is not this process
 */
export async function openFleetControl(
  fleet: Fleet,
  deps: Omit<ControlDeps, 'store' | 'barrier' | 'now' | 'isTrusted'>,
  crew?: Omit<Crew, 'revision' | 'siteNames'>
): Promise<Control> {
  let local: Barrier | undefined
  const control = await openControl({
    ...deps,
    store: fleet.store,
    now: fleet.now,
    isTrusted: fleet.isTrusted,
    barrier(given) {
      local = crew?.barrier ?? given
      return fleet.barrier(local)
    }
  })
  const own = crewOf(control, local as Barrier)
  fleet.attach(crew === undefined ? own : others(crew, own))
  return control
}

// Its numbers are read when somebody asks, so that they are not copied.
function others(crew: Omit<Crew, 'revision' | 'siteNames'>, own: Crew): Crew {
  return {
    barrier: crew.barrier,
    get revision() {
      return own.revision
    },
    get siteNames() {
      return own.siteNames
    },
    get inFlight() {
      return crew.inFlight
    },
    get abandoned() {
      return crew.abandoned
    },
    get workers() {
      return crew.workers
    },
    abort: crew.abort
  }
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
    get abandoned() {
      return inFlights().reduce((sum, { abandoned }) => sum + abandoned, 0)
    },
    workers: 1,
    abort() {
      for (const inFlight of inFlights())
        void inFlight.drained(inFlight.close(), { timeoutMs: 0, force: true })
    }
  }
}
