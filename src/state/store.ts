import { IntermissionError } from '../errors.ts'
import type { StateDocument } from './document.ts'

/** Where the documents of all sites are kept. `test/helpers/store-contract.ts` holds every engine to this. */
export interface StateStore {
  /**
   * @returns the stored document of a site, undefined when there is none
   * @throws IntermissionError ERR_STATE_UNREADABLE
   */
  read(site: string): Promise<StateDocument | undefined>
  /**
   * Stores a document in place of the one that has `expectedRevision` (0: there is none). It is durable when the
   * promise resolves; when it rejects, what was stored before stays.
   *
   * @throws IntermissionError ERR_STATE_CONFLICT when another revision is stored, ERR_STATE_UNWRITABLE
   */
  write(next: StateDocument, expectedRevision: number): Promise<void>
  /**
   * Tells of every change by anybody, also by another process where the engine can see it.
   *
   * @returns a function that ends it
   */
  subscribe(listener: (document: StateDocument) => void): () => void
  /** Lets go of files, timers and connections; a write under way is finished first. */
  close(): Promise<void>
}

/** The error of a compare-and-set that lost. */
export function stateConflict(
  site: string,
  storedRevision: number,
  expectedRevision: number
): IntermissionError {
  return new IntermissionError(
    'ERR_STATE_CONFLICT',
    `site ${site} is stored with revision ${storedRevision}, not ${expectedRevision}: somebody else changed it`
  )
}

/** Says whether a compare-and-set lost, so that reading again and repeating makes sense. */
export function isStateConflict(error: unknown): boolean {
  return error instanceof IntermissionError && error.code === 'ERR_STATE_CONFLICT'
}
