import { IntermissionError } from '../errors.ts'
import type { Change } from './history.ts'
import type { SharedState } from './shared-state.ts'

/** Where the state of all sites is kept. `test/helpers/store-contract.ts` holds every engine to this. */
export interface StateStore {
  /**
   * @returns the stored state, undefined when nothing was ever written
   * @throws IntermissionError ERR_STATE_UNREADABLE, or ERR_STORE_UNREACHABLE, when asking again later may help
   */
  read(): Promise<SharedState | undefined>
  /**
   * Stores a state in place of the one that has `expectedRevision` (0: there is none), and records the change. It is
   * durable when the promise resolves; when it rejects, what was stored before stays. The next revision is higher than
   * the expected one, mostly by one.
   *
   * @throws IntermissionError ERR_STATE_CONFLICT when another revision is stored, ERR_STATE_UNWRITABLE;
   * ERR_STORE_UNREACHABLE, and then it may be stored all the same: whoever follows the store is told
   */
  write(next: SharedState, expectedRevision: number, change: Change): Promise<void>
  /** The recorded changes, newest first, at most 100. Throws as `read`. */
  history(): Promise<Change[]>
  /**
   * Tells of every change by anybody, also by another process where the engine can see it. Of several changes that
   * follow each other at once it may tell the last alone.
   *
   * @returns a function that ends it
   */
  subscribe(listener: (state: SharedState) => void): () => void
  /** Lets go of files, timers and connections; a write under way is finished first. */
  close(): Promise<void>
}

/** The error of a compare-and-set that lost. */
export function stateConflict(storedRevision: number, expectedRevision: number): IntermissionError {
  return new IntermissionError(
    'ERR_STATE_CONFLICT',
    `the state is stored with revision ${storedRevision}, not ${expectedRevision}: somebody else changed it`
  )
}

/** Says whether a compare-and-set lost, so that reading again and repeating makes sense. */
export function isStateConflict(error: unknown): boolean {
  return error instanceof IntermissionError && error.code === 'ERR_STATE_CONFLICT'
}
