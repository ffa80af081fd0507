import { type FSWatcher, watch } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** Stops when it is closed. Never keeps the process alive. */
export interface FolderWatch {
  close(): void
}

const POLL_INTERVAL_MS = 1000

/**
 * Calls `onChange` when something in a folder may have changed: at once where the file system reports it, within a
 * second where it does not (network and overlay file systems, a folder that
 * was replaced as a whole, what a link points to).
 *
 * @param matters which names in the folder are looked at by the slow way
 */
export function watchFolder(
  folder: string,
  matters: (name: string) => boolean,
  onChange: () => void
): FolderWatch {
  let watcher: FSWatcher | undefined
  let watched = ''
  let last = ''
  let polling = false
  let closed = false

  function open(): void {
    watcher?.close()
    watcher = undefined
    if (closed) return
    try {
      watcher = watch(folder, { persistent: false }, onChange)
      watcher.on('error', () => watcher?.close())
    } catch {
      // No watches left, or no such folder now: the poll goes on.
    }
  }

  async function poll(): Promise<void> {
    if (polling) return
    polling = true
    try {
      const { identity, signature } = await look(folder, matters)
      if (identity !== watched) {
        watched = identity
        open()
      }
      if (signature !== last && !closed) onChange()
      last = signature
    } finally {
      polling = false
    }
  }

  open()
  const timer = setInterval(() => void poll(), POLL_INTERVAL_MS).unref()
  return {
    close() {
      closed = true
      clearInterval(timer)
      watcher?.close()
    }
  }
}

async function look(
  folder: string,
  matters: (name: string) => boolean
): Promise<{ identity: string; signature: string }> {
  try {
    const { dev, ino } = await stat(folder)
    const names = (await readdir(folder)).filter(matters).sort()
    const files = await Promise.all(names.map((name) => describe(join(folder, name))))
    const identity = `${dev}:${ino}`
    return { identity, signature: [identity, ...names, ...files].join('\n') }
  } catch (error) {
    return { identity: '', signature: String((error as NodeJS.ErrnoException).code) }
  }
}

async function describe(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return `${ino}:${size}:${mtimeNs}:${ctimeNs}`
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}
