import type { StateDocument } from './document.ts'
import { createListeners } from './listeners.ts'
import type { StateStore } from './store.ts'
import { stateConflict } from './store.ts'

/** A store that lives and dies with this process: for tests, and for an app that need not remember. */
export function createMemoryStore(): StateStore {
  const documents = new Map<string, StateDocument>()
  const listeners = createListeners<StateDocument>(() => {})
  return {
    async read(site) {
      const found = documents.get(site)
      return found && structuredClone(found)
    },
    async write(next, expectedRevision) {
      const storedRevision = documents.get(next.site)?.revision ?? 0
      if (storedRevision !== expectedRevision)
        throw stateConflict(next.site, storedRevision, expectedRevision)
      documents.set(next.site, structuredClone(next))
      listeners.tell(structuredClone(next))
    },
    subscribe: listeners.add,
    async close() {
      listeners.clear()
    }
  }
}
