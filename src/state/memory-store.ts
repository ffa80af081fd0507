import { type Change, withChange } from './history.ts'
import { createListeners } from './listeners.ts'
import type { SharedState } from './shared-state.ts'
import type { StateStore } from './store.ts'
import { stateConflict } from './store.ts'

/** A store that lives and dies with this process: for tests, and for an app that need not remember. */
export function createMemoryStore(): StateStore {
  let stored: SharedState | undefined
  let history: Change[] = []
  const listeners = createListeners<SharedState>(() => {})
  return {
    async read() {
      return structuredClone(stored)
    },
    async write(next, expectedRevision, change) {
      const storedRevision = stored?.revision ?? 0
      if (storedRevision !== expectedRevision) throw stateConflict(storedRevision, expectedRevision)
      stored = structuredClone(next)
      history = withChange(history, structuredClone(change))
      listeners.tell(structuredClone(next))
    },
    async history() {
      return structuredClone(history)
    },
    subscribe: listeners.add,
    async close() {
      listeners.clear()
    }
  }
}
