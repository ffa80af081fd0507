import { isDeepStrictEqual } from 'node:util'
import { IntermissionError } from '../errors.ts'
import { advance, nextDueMs, recoveringSites } from './advance.ts'
import type { Change } from './history.ts'
import { createRecovery } from './recovery.ts'
import { checkSize, emptyState, type SharedState, type Step, type Transition } from './shared-state.ts'
import type { StateStore } from './store.ts'
import { isStateConflict } from './store.ts'

/** The shared state as this process sees it. It follows the store, and makes the changes whose time has come. */
export interface Replica {
  /** False until the store could be read. */
  readonly isKnown: boolean
  /** What is in force here. */
  readonly state: SharedState
  /**
   * Makes a change on what the store holds, by compare-and-set; what is due by then comes first. Resolved means stored
   * durably and in force here.
   *
   * @returns the state after it
   * @throws what `make` throws, or IntermissionError ERR_STATE_CONFLICT, ERR_STATE_UNWRITABLE; the state is then as it was
   */
  change(make: Transition): Promise<SharedState>
  /** Looks at once whether something is due, because what is due has changed. */
  look(): void
  /** Finishes the change under way and lets go of the store. */
  close(): Promise<void>
}

export interface ReplicaDeps {
  store: StateStore
  now: () => number
  /** The sites of this process, which may change. */
  sites: () => readonly string[]
  /** Whether changes are made whose time has come; false where another process does that. */
  keepsTime: boolean
  /** Whether a site may be opened again. */
  isHealthy: (site: string) => Promise<boolean>
  healthIntervalMs: number
  /** Told of what is in force from now on; `change` is missing when another process made it. */
  onState: (after: SharedState, change: Change | undefined) => void
  onError: (error: unknown, doing: string) => void
}

// Also what makes a clock that was set, or a laptop that slept, matter for no longer than this. setTimeout itself ends
// at 2^31 ms.
const RECHECK_MS = 30_000
const LONGEST_RETRY_MS = 60_000
// Until the state is known, no visitor gets in.
const LONGEST_ASKING_MS = 4000
// How often somebody else may be faster before a change gives up.
const ATTEMPTS = 10

/**
 * Reads the state from the store and follows it. What was due meanwhile has happened when the promise resolves. A store
 * that cannot be reached yet is asked again and again.
 *
 * @throws what `store.read` throws, but for ERR_STORE_UNREACHABLE
 */
export async function openReplica(deps: ReplicaDeps): Promise<Replica> {
  const { store, now, sites, keepsTime, onState, onError } = deps
  // The newest that the store is known to have held.
  let known = emptyState()
  let isKnown = false
  // What is in force. It is ahead of `known` only when something due could not be stored.
  let shown = known
  let writing: Step | undefined
  let turn: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let retryMs = 0
  let isOpen = false
  let closed = false

  const recovery = createRecovery({
    isHealthy: deps.isHealthy,
    intervalMs: deps.healthIntervalMs,
    // Should it not be stored, the site is asked again, and it is tried again.
    onHealthy: (site) => inTurn(() => attempt((state) => timed(state, site))),
    onError
  })

  const unsubscribe = store.subscribe(follow)
  try {
    await refresh()
    // In its turn: what was read may have set the clock already.
    await inTurn(keepTime)
  } catch (error) {
    if (!isUnreachable(error)) {
      unsubscribe()
      throw error
    }
    failed(error, 'reading the state')
  }
  isOpen = true
  arm()

  return {
    get isKnown() {
      return isKnown
    },
    get state() {
      return shown
    },
    change: (make) => inTurn(() => attempt(make)),
    look: arm,
    async close() {
      closed = true
      clearTimeout(timer)
      recovery.watch([])
      unsubscribe()
      await turn
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
    const stored = await store.read()
    if (stored) follow(stored)
    if (!isKnown) learnt()
    return stored?.revision ?? 0
  }

  // An older revision is late news, or a state file that somebody put back: what we know is newer.
  function follow(stored: SharedState): void {
    if (isKnown && stored.revision <= known.revision) return
    known = stored
    const isOurs = writing !== undefined && isDeepStrictEqual(stored, writing.state)
    if (!isKnown) learnt()
    show(stored, isOurs ? writing?.change : undefined)
  }

  function learnt(): void {
    isKnown = true
    retryMs = 0
    // That it is known is news too, even when nothing was ever written.
    if (isOpen) onState(shown, undefined)
  }

  function show(next: SharedState, change?: Change): void {
    if (isDeepStrictEqual(next, shown)) return
    shown = next
    arm()
    onState(next, change)
  }

  async function attempt(make: Transition): Promise<SharedState> {
    let expected = isKnown ? known.revision : await refresh()
    for (let n = 1; ; n++) {
      try {
        for (let due = timed(known); due !== null; due = timed(known)) expected = await write(due, expected)
        const step = make(known)
        if (step === null) {
          // Nothing to do, but only if the store still has it.
          const { revision } = known
          await refresh()
          if (known.revision !== revision) continue
        } else {
          checkSize(step.state, known)
          await write(step, expected)
        }
        show(known)
        return known
      } catch (error) {
        if (!isStateConflict(error) || n === ATTEMPTS) throw error
        const stored = await refresh()
        // A revision that the caller insists on is not that of the store either.
        if (stored === expected) throw error
        expected = stored
      }
    }
  }

  async function write(step: Step, expectedRevision: number): Promise<number> {
    writing = step
    try {
      await store.write(step.state, expectedRevision, step.change)
    } finally {
      writing = undefined
    }
    retryMs = 0
    if (step.state.revision > known.revision) known = step.state
    show(known, step.change)
    return step.state.revision
  }

  function timed(state: SharedState, healthy?: string): Step | null {
    return keepsTime ? advance(state, sites(), now(), healthy) : null
  }

  // What the stored state itself says happens here even when the store cannot be written: a later start would come to
  // the same. Until it is stored, it is tried again.
  async function keepTime(): Promise<void> {
    try {
      await attempt(() => null)
    } catch (error) {
      failed(error, isKnown ? 'storing what was due' : 'reading the state')
      let due = known
      for (let step = timed(due); step !== null; step = timed(due)) due = step.state
      show(due)
    }
  }

  function failed(error: unknown, doing: string): void {
    onError(error, doing)
    const longest = isKnown ? LONGEST_RETRY_MS : LONGEST_ASKING_MS
    retryMs = Math.min(longest, Math.max(1000, retryMs * 2))
  }

  function arm(): void {
    clearTimeout(timer)
    if (closed) return
    const nowMs = now()
    if (keepsTime) recovery.watch(recoveringSites(shown, sites(), nowMs))
    const isBehind = !isKnown || shown.revision > known.revision
    const dueMs = keepsTime ? nextDueMs(shown, sites(), nowMs) : undefined
    if (!isBehind && dueMs === undefined) return
    const leftMs = isBehind ? retryMs : (dueMs ?? nowMs) - nowMs
    timer = setTimeout(tick, Math.min(RECHECK_MS, Math.max(1, leftMs)))
    timer.unref()
  }

  function tick(): void {
    if (isKnown && shown.revision <= known.revision && timed(shown) === null) arm()
    // `keepTime` reports its own failures; what is left is that this was closed meanwhile.
    else inTurn(keepTime).then(arm, () => {})
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof IntermissionError && error.code === 'ERR_STORE_UNREACHABLE'
}
