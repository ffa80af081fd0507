import type { Socket } from 'node:net'
import { boundTarget, listenAt } from './listeners/bind.ts'
import type { ListenTarget } from './listeners/listener.ts'
import type { OpenOne } from './serving.ts'
import type { Dispatch } from './worker-dispatch.ts'

/** Where the primary accepts connections for its workers. */
export interface Acceptors {
  /** Begins to listen. What comes in by a new place waits until all workers know it. */
  open: OpenOne
  /** All workers know every place. */
  admit(): void
  /** Where it listens, by place. */
  targets(): Record<string, ListenTarget>
  close(): void
}

export function createAcceptors(dispatch: Dispatch): Acceptors {
  const targets = new Map<string, ListenTarget>()
  const early = new Map<string, Socket[]>()
  const closers = new Map<string, () => Promise<void>>()

  return {
    async open(wanted, _options, place) {
      early.set(place, [])
      const acceptor = await listenAt(wanted, 0o666, (socket) => {
        const waiting = early.get(place)
        if (waiting === undefined) dispatch.take(socket, place)
        else waiting.push(socket)
      })
      let target = boundTarget(acceptor, wanted)
      targets.set(place, target)
      const close = async (): Promise<void> => {
        for (const socket of early.get(place) ?? []) socket.destroy()
        early.delete(place)
        targets.delete(place)
        closers.delete(place)
        // The connections are the workers' by now, and theirs to end.
        acceptor.close()
      }
      closers.set(place, close)
      return {
        get target() {
          return target
        },
        serve(next) {
          target = next
          targets.set(place, next)
        },
        close
      }
    },
    admit() {
      const waiting = [...early]
      early.clear()
      for (const [place, sockets] of waiting) for (const socket of sockets) dispatch.take(socket, place)
    },
    targets: () => Object.fromEntries(targets),
    close() {
      for (const close of closers.values()) void close()
    }
  }
}
