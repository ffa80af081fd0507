import { readFileSync } from 'node:fs'

/** What most systems allow where they do not tell. */
const USUAL = 1024

/** How many files and connections this process may have open. Node has raised it to the hard limit by itself. */
export function openFilesLimit(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? []
    return soft === undefined ? USUAL : Number(soft)
  } catch {
    return USUAL
  }
}
