import { readFileSync } from 'node:fs'

/** What most systems allow where they do not tell. */
export const USUAL_OPEN_FILES = 1024

/**
 * How many files and connections this process may have open, as far as the system tells: only Linux does. Node has raised it
 * to the hard limit by itself.
 */
export function openFilesLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
    return soft === undefined ? undefined : Number(soft)
  } catch {
    return undefined
  }
}
