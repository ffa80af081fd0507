import type { Barrier } from '../state/barrier.ts'
import type { StateStore } from '../state/store.ts'
import type { Crew } from './crew.ts'
import type { MemberInfo } from './members.ts'

/** All who share one state: a process alone with its file, or many gateways on many hosts with a Redis store. */
export interface Fleet {
  /** Where the state is kept. Closing it leaves the fleet. */
  readonly store: StateStore
  /** A socket that every process of this member is to hold open, by `holdOpen`; null for none. */
  readonly markPath: string | null
  /** Makes the barrier of the fleet, given that of the processes here. */
  barrier(local: Barrier): Barrier
  /** Says who serves requests here. Until then nothing counts as being in force here. */
  attach(crew: Crew): void
  /** The time that the fleet goes by, in milliseconds since the epoch. */
  now(): number
  /** Whether what is known here may be relied on: false while a member that fences itself has heard nothing for long. */
  isTrusted(): boolean
  storeStatus(): StoreStatus
  /** Looks at the members, so that `knownMembers()` is new. Never rejects: while the store is gone the old ones stay. */
  lookAtMembers(): Promise<void>
  /** All members as they were seen last. Who asks makes them be looked at again, for the next time. */
  knownMembers(): MemberInfo[]
  /**
   * Takes a member for dead, because somebody knows that it is.
   *
   * @param by who knows, and why, for the history; null for nobody named
   * @throws IntermissionError ERR_NOT_FOUND, ERR_STORE_UNREACHABLE; InputError for the member that is asked itself
   */
  forget(id: string, by?: string | null, reason?: string | null): Promise<MemberInfo>
  /** Says that requests are no longer taken here. */
  stopping(): void
}

/** What is known of the place where the state is kept. */
export interface StoreStatus {
  kind: 'memory' | 'file' | 'redis'
  reachable: boolean
  /** Since when the state here may be old, ISO 8601 in UTC; null while it is not. */
  staleSince: string | null
}
