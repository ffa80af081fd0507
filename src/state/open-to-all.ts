import { statSync } from 'node:fs'
import { dirname } from 'node:path'
import { pathOfStore } from './open-store.ts'

/** A file or folder that every user of the machine may change. */
export interface OpenToAll {
  path: string
  /** Such as `0777`. */
  mode: string
}

/**
 * Where anybody could decide the mode or take the token's place: the state folder, and the state file with its own folder. What
 * is not there yet is made for its owner only.
 */
export function findOpenToAll(stateDir: string, store: string): OpenToAll[] {
  const file = pathOfStore(store)
  const paths = new Set([stateDir, ...(file === undefined ? [] : [dirname(file), file])])
  return [...paths].flatMap((path) => {
    const mode = modeOf(path)
    return mode & 0o002 ? [{ path, mode: mode.toString(8).padStart(4, '0') }] : []
  })
}

// Whoever needs what cannot be looked at says so.
function modeOf(path: string): number {
  try {
    return statSync(path).mode & 0o7777
  } catch {
    return 0
  }
}
