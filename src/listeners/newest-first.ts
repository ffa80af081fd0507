import type { Socket } from 'node:net'
import type { Admission } from './connection-limit.ts'

/**
 * Takes every connection, and cuts the one that came first when there are more than `max`. Whoever keeps as many open as
 * there may be shuts nobody out who comes after, and takes no more of the process's files than these.
 */
export function createNewestFirst(max: number): Admission {
  // In the order in which they came.
  const open = new Set<Socket>()
  return {
    admit(socket) {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
      for (const oldest of open) {
        if (open.size <= max) break
        open.delete(oldest)
        oldest.destroy()
      }
      return true
    },
    admitFrom: () => true
  }
}
