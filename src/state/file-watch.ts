import { type FSWatcher, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

const SETTLE_MS = 20
const POLL_MS = 1000

/**
 * Calls back soon after a file may have changed, and every second in any case: a network file system tells nothing of
 * what other hosts do. The folder is watched, because a file that is replaced takes its watcher with it. Keeps no
 * process alive.
 *
 * @returns a function that ends it
 */
export function watchFile(path: string, changed: () => void): () => void {
  let watcher: FSWatcher | undefined
  let settling: NodeJS.Timeout | undefined

  function start(): void {
    try {
      watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
        if (name !== null && name !== basename(path)) return
        clearTimeout(settling)
        settling = setTimeout(changed, SETTLE_MS)
        settling.unref()
      })
      watcher.on('error', stop)
    } catch {
      // No such folder yet, or no watchers left: the poll sees to it, and tries again.
      watcher = undefined
    }
  }

  function stop(): void {
    watcher?.close()
    watcher = undefined
  }

  start()
  const poll = setInterval(() => {
    if (watcher === undefined) start()
    changed()
  }, POLL_MS)
  poll.unref()
  return () => {
    clearInterval(poll)
    clearTimeout(settling)
    stop()
  }
}
