import { hostname } from 'node:os'
import { InputError, notFound } from '../errors.ts'
import type { StateStore } from '../state/store.ts'
import type { Crew } from './crew.ts'
import type { Fleet, StoreStatus } from './fleet.ts'
import type { MemberInfo } from './members.ts'

/** A fleet of this process and its workers alone. */
export function createLocalFleet(store: StateStore, kind: StoreStatus['kind'], software: string): Fleet {
  const id = `${hostname()}:${process.pid}`
  let crew: Crew | undefined
  let isStopping = false
  return {
    store,
    markPath: null,
    barrier: (local) => local,
    attach(given) {
      crew = given
    },
    now: Date.now,
    isTrusted: () => true,
    storeStatus: () => ({ kind, reachable: true, staleSince: null }),
    lookAtMembers: async () => {},
    knownMembers: () => [self()],
    async forget(member) {
      if (member === id) throw new InputError('member', member, 'another member than the one that is asked')
      throw notFound('member', member)
    },
    stopping() {
      isStopping = true
    }
  }

  function self(): MemberInfo {
    const { inFlight = 0, abandoned = 0 } = crew ?? {}
    return {
      id,
      host: hostname(),
      version: software,
      isSelf: true,
      state: isStopping ? 'stopping' : 'live',
      revision: crew?.revision ?? 0,
      drained: inFlight + abandoned === 0,
      inFlight,
      abandoned,
      lastSeenAt: null,
      workers: crew?.workers ?? 0,
      refused: null
    }
  }
}
