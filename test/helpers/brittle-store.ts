import type { StateStore } from '../../src/state/store.ts'

/** A store whose writes fail for as long as it is told to be broken. */
export interface BrittleStore extends StateStore {
  broken: boolean
  /** How many writes have failed. */
  failures: number
}

export function brittle(store: StateStore): BrittleStore {
  const self = {
    ...store,
    broken: false,
    failures: 0,
    async write(...write: Parameters<StateStore['write']>): Promise<void> {
      if (self.broken) {
        self.failures++
        throw new Error('the disk is full')
      }
      return store.write(...write)
    }
  }
  return self
}
