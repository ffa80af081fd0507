import { isDeepStrictEqual } from 'node:util'
import type { WaitOutcome } from './barrier.ts'
import { initialDocument, type StateDocument } from './document.ts'
import type { DuringRequest } from './during.ts'
import { createInFlight, type InFlight } from './in-flight.ts'
import type { BypassLink } from './link.ts'
import { createListeners } from './listeners.ts'
import type { EnterRequest, LeaveRequest } from './request.ts'
import type { MaintenanceWindow } from './window.ts'

/** A document after a change, and what came of waiting for it. */
export type ChangedDocument = StateDocument & { wait: WaitOutcome }

/** The mode of one site as everybody in this process sees it. It follows the store, and expires by itself. */
export interface Maintenance {
  /** The name of the site. */
  readonly site: string
  /** False until the store could be read: whether the site is live is not known then. */
  readonly isKnown: boolean
  /** What is so now. Read from memory, never waits. */
  readonly state: StateDocument
  /** The window that begins next; null when none is planned. */
  readonly next: MaintenanceWindow | null
  /** Whether `until` has passed and the mode stayed. */
  readonly isOverdue: boolean
  /** What was handed to the app and is not over. Whoever forwards requests keeps it true. */
  readonly inFlight: InFlight
  /**
   * Enters a mode, or changes what is said while in it. Resolved means stored durably and in force here; `wait` says
   * what came of waiting for more.
   *
   * @throws InputError, or IntermissionError ERR_STATE_CONFLICT, ERR_STATE_UNWRITABLE; the state is then as it was
   */
  enter(request?: EnterRequest): Promise<ChangedDocument>
  /**
   * Back to live; a call while live changes nothing. Ends a window that is running, for this site. Resolves and throws
   * as `enter`.
   */
  leave(request?: LeaveRequest): Promise<ChangedDocument>
  /**
   * Closes the site for as long as some work takes, such as a migration, and goes back to what was before: live, or what
   * somebody had entered. A mode that somebody enters meanwhile stays. `wait: 'drained'` begins the work when nothing
   * is in flight any more. Should this process die, the site stays closed until `for` or `until` is over.
   *
   * @returns what the work gives
   * @throws what the work throws; IntermissionError ERR_WAIT_UNFULFILLED when the work was not begun; as `enter`
   */
  during<T>(request: DuringRequest, work: () => Promise<T>): Promise<T>
  /** Says whose bypass link a token is, when it is good now; null for every other value. Never throws. */
  verifyLink(token: unknown): BypassLink | null
  /**
   * Tells of every change once it is in force here.
   *
   * @returns a function that ends it
   */
  onChange(listener: (document: StateDocument, before: StateDocument) => void): () => void
  /** Of openMaintenance() only: finishes the change under way and lets go of the store, which stays open. */
  close(): Promise<void>
}

/** A site as the control keeps it. */
export interface Site {
  readonly name: string
  readonly document: StateDocument
  readonly revision: number
  readonly inFlight: InFlight
  /** The generation of requests that ended when this document came into force. */
  readonly generation: number
  /** Puts a document into force. @returns whether it is another one than before */
  apply(document: StateDocument): boolean
  onChange: Maintenance['onChange']
}

export function createSite(
  name: string,
  nowMs: number,
  onError: (error: unknown, doing: string) => void
): Site {
  const inFlight = createInFlight()
  const listeners = createListeners<[StateDocument, StateDocument]>((error) =>
    onError(error, 'telling of a change of mode')
  )
  let document = initialDocument(name, nowMs)
  let generation = 0
  return {
    name,
    inFlight,
    get document() {
      return document
    },
    get revision() {
      return document.revision
    },
    get generation() {
      return generation
    },
    apply(next) {
      if (isDeepStrictEqual(next, document)) return false
      const before = document
      document = next
      // In the same tick: what begins from now on begins under the new document.
      generation = inFlight.close()
      listeners.tell([next, before])
      return true
    },
    onChange: (listener) => listeners.add(([next, before]) => listener(next, before))
  }
}
