import { isDeepStrictEqual } from 'node:util'
import { IntermissionError } from '../errors.ts'
import type { StateDocument } from './document.ts'
import { initialDocument } from './document.ts'
import { createListeners } from './listeners.ts'
import type { StateStore } from './store.ts'
import { isStateConflict } from './store.ts'
import type { EnterRequest, LeaveRequest } from './transitions.ts'
import { enterMaintenance, isExpired, leaveMaintenance } from './transitions.ts'

/** The mode of one site as everybody in this process sees it. It follows the store and expires by itself. */
export interface Maintenance {
  /** What is so now. Read from memory, never waits. */
  readonly state: StateDocument
  /**
   * Enters maintenance, or changes what is said while in it. Resolved means stored durably and in force here.
   *
   * @throws InputError, or IntermissionError ERR_STATE_CONFLICT, ERR_STATE_UNWRITABLE; the state is then as it was
   */
  enter(request?: EnterRequest): Promise<StateDocument>
  /** Back to live; a call while live changes nothing. Resolves and throws as `enter`. */
  leave(request?: LeaveRequest): Promise<StateDocument>
  /**
   * Tells of every change once it is in force here.
   *
   * @returns a function that ends it
   */
  onChange(listener: (document: StateDocument) => void): () => void
  /** Finishes the change under way and lets go of the store, which stays open: it belongs to whoever opened it. */
  close(): Promise<void>
}

export interface MaintenanceDeps {
  store: StateStore
  /** Default: `default`. */
  site?: string
  /** Milliseconds since the epoch. Default: Date.now. */
  now?: () => number
  /** Told of what went wrong with nobody waiting for it. Default: nobody is told. */
  onError?: (error: unknown, doing: string) => void
}

// Also what makes a clock that was set, or a laptop that slept, matter for no longer than this. setTimeout itself ends
// at 2^31 ms.
const RECHECK_MS = 30_000
const LONGEST_RETRY_MS = 60_000

type Transition = (current: StateDocument) => StateDocument

/**
 * Reads the mode of a site from the store and follows it. A maintenance whose time ran out meanwhile has ended when
 * the promise resolves.
 *
 * @throws what `store.read` throws
 */
export async function openMaintenance(deps: MaintenanceDeps): Promise<Maintenance> {
  const { store, site = 'default', now = Date.now, onError = () => {} } = deps
  const listeners = createListeners<StateDocument>((error) => onError(error, 'telling of a change of mode'))
  let state = initialDocument(site)
  // The highest revision that the store is known to hold. Ours is above it only when an expiry could not be stored.
  let storedRevision = 0
  let turn: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let retryMs = 0
  let closed = false

  const unsubscribe = store.subscribe(follow)
  try {
    await refresh()
    await expire()
  } catch (error) {
    unsubscribe()
    throw error
  }
  arm()

  return {
    get state() {
      return state
    },
    enter: (request = {}) => inTurn(() => change((current) => enterMaintenance(current, request, now()))),
    leave: (request = {}) => inTurn(() => change((current) => leaveMaintenance(current, request, now()))),
    onChange: listeners.add,
    async close() {
      closed = true
      clearTimeout(timer)
      unsubscribe()
      await turn
      listeners.clear()
    }
  }

  // One change after the other: the second sees what the first made of the state.
  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    if (closed)
      return Promise.reject(new IntermissionError('ERR_PLUGIN_MISUSE', 'this maintenance has been closed'))
    const result = turn.then(task)
    turn = result.catch(() => {})
    return result
  }

  /** @returns the revision that the store holds, to be replaced by the next write */
  async function refresh(): Promise<number> {
    const stored = await store.read(site)
    if (stored) follow(stored)
    return stored?.revision ?? 0
  }

  // An older revision is late news, or a state file that somebody put back: what we know is newer.
  function follow(stored: StateDocument): void {
    if (stored.site !== site || stored.revision <= storedRevision) return
    storedRevision = stored.revision
    apply(stored)
  }

  function apply(next: StateDocument): void {
    if (isDeepStrictEqual(next, state)) return
    state = next
    arm()
    listeners.tell(next)
  }

  async function change(transition: Transition): Promise<StateDocument> {
    let expectedRevision = storedRevision
    for (let attempt = 1; ; attempt++) {
      try {
        const next = transition(state)
        if (next === state && state.revision <= storedRevision) return state
        await store.write(next, expectedRevision)
        storedRevision = Math.max(storedRevision, next.revision)
        apply(next)
        return next
      } catch (error) {
        // Once more on what the store holds now. A revision that the caller insists on is checked again by that.
        if (attempt > 1 || !isStateConflict(error)) throw error
        expectedRevision = await refresh()
      }
    }
  }

  // The stored document itself says that it ends now, so it ends here even when the store cannot be written: a later
  // start would come to the same. Until the end is stored, it is tried again.
  async function expire(): Promise<void> {
    const leave: Transition = (current) =>
      isExpired(current, now()) ? leaveMaintenance(current, { by: 'expiry' }, now()) : current
    try {
      await change(leave)
      retryMs = 0
    } catch (error) {
      onError(error, 'storing that maintenance ended by itself')
      retryMs = Math.min(LONGEST_RETRY_MS, Math.max(1000, retryMs * 2))
      apply(leave(state))
    }
  }

  function arm(): void {
    clearTimeout(timer)
    const unstored = state.revision > storedRevision
    const endsBySelf = state.mode === 'maintenance' && state.until !== null && state.onExpiry === 'leave'
    if (closed || !(unstored || endsBySelf)) return
    const leftMs = unstored ? retryMs : Date.parse(state.until ?? '') - now()
    timer = setTimeout(tick, Math.min(RECHECK_MS, Math.max(1, leftMs)))
    timer.unref()
  }

  function tick(): void {
    if (!isExpired(state, now()) && state.revision <= storedRevision) arm()
    // `expire` reports its own failures; what is left is that this was closed meanwhile.
    else inTurn(expire).then(arm, () => {})
  }
}
