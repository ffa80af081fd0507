import { setTimeout as sleep } from 'node:timers/promises'
import { IntermissionError } from '../errors.ts'
import { type Change, parseChange } from '../state/history.ts'
import type { Listeners } from '../state/listeners.ts'
import { emptyState, parseSharedState, type SharedState } from '../state/shared-state.ts'
import { type StateStore, stateConflict } from '../state/store.ts'
import { createCopy } from './copy.ts'
import type { Holder } from './holder.ts'
import type { Member } from './member.ts'
import type { Register } from './register.ts'
import { newId, versionText } from './version.ts'

export interface RedisStoreDeps {
  register: Register
  holder: Holder
  member: Member
  listeners: Listeners<SharedState>
  /** Names the store, for errors. */
  name: string
  /** Resolves when the state is known, at once when it is already. */
  opened: Promise<void>
  close(): Promise<void>
}

/** For a store that answers, joining takes less; what takes longer goes on behind a gateway that says `starting`. */
const READ_WAIT_MS = 1000
/** A connection that breaks is there again in less. */
const WRITE_WAIT_MS = 2000
const RETRY_MS = 100
const ATTEMPTS = 5

/** The shared state of a fleet. It is read from memory, which follows the store. */
export function createRedisStore(deps: RedisStoreDeps): StateStore {
  const { register, holder, member, listeners, name, opened } = deps
  let turn: Promise<unknown> = Promise.resolve()
  let closed = false
  // Whoever asked too early is told what it is as soon as it is known; nobody else hears of what is no change.
  let owesNews = false
  void opened.then(() => {
    if (owesNews) listeners.tell(structuredClone(holder.copy?.state ?? emptyState()))
  })

  return {
    async read() {
      await known()
      const { copy } = holder
      return copy === undefined || copy.isProvisional ? undefined : structuredClone(copy.state)
    },
    write(next, expectedRevision, change) {
      // What could not be read back must not be stored.
      const checked = parseSharedState(next, 'the new state')
      const result = turn.then(known).then(() => write(checked, expectedRevision, change))
      turn = result.catch(() => {})
      return result
    },
    async history() {
      // What a stranger has put there is left out.
      return (await register.history()).flatMap((line) => readChange(line) ?? [])
    },
    subscribe: listeners.add,
    async close() {
      closed = true
      await turn
      listeners.clear()
      await deps.close()
    }
  }

  async function known(): Promise<void> {
    if (!holder.isOpen) await Promise.race([opened, sleep(READ_WAIT_MS)])
    if (holder.isOpen) return
    owesNews = true
    throw unknown()
  }

  async function write(next: SharedState, expectedRevision: number, change: Change): Promise<void> {
    const id = newId()
    for (let n = 0; n < ATTEMPTS; n++) {
      const held = holder.copy
      if (closed || held === undefined) throw unknown()
      if (held.version.id === id) return
      if (held.version.revision !== expectedRevision)
        throw stateConflict(held.version.revision, expectedRevision)
      // In place of a document that nobody here can read: as a beginning of its own, whatever revision that one claims.
      const isReadable = holder.refused === null
      const epoch = isReadable ? held.version.epoch : newId()
      const copy = createCopy({ epoch, revision: next.revision, id }, false, next)
      const expected = isReadable ? versionText(held.version) : holder.seen
      if (await patiently(() => register.set(copy, expected, JSON.stringify(change)))) {
        if ((holder.copy?.version.revision ?? 0) < next.revision) await holder.take(copy)
        return
      }
      // Somebody was faster, or the store has lost something, which is put right by looking at it.
      await patiently(() => member.refresh())
    }
    throw stateConflict(holder.copy?.version.revision ?? 0, expectedRevision)
  }

  // Asking again is harmless, and resolves the doubt about an answer that was lost.
  async function patiently<T>(ask: () => Promise<T>): Promise<T> {
    const endMs = performance.now() + WRITE_WAIT_MS
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        if (closed || performance.now() > endMs) throw error
        await sleep(RETRY_MS)
      }
    }
  }

  function unknown(): IntermissionError {
    return new IntermissionError('ERR_STORE_UNREACHABLE', `the state is not known yet: waiting for ${name}`)
  }
}

function readChange(line: string): Change | undefined {
  try {
    return parseChange(JSON.parse(line), 'the history in the store')
  } catch {
    return undefined
  }
}
