import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder and those above it, as `mkdir -p`. Node's own `recursive` never comes back below a folder where nothing can be
 * made, such as /proc (seen with Node 20).
 *
 * @returns the first one that was made; undefined when it was there
 * @throws the system's error
 */
export function makeFolder(path: string, mode = 0o700): string | undefined {
  if (existsSync(path)) {
    // mkdir says what is wrong with a file in its place.
    if (!statSync(path).isDirectory()) mkdirSync(path)
    return undefined
  }
  const first = makeFolder(dirname(path), mode)
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    // Somebody else was faster.
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
  return first ?? path
}
