import type { Socket } from 'node:net'
import type { Channel } from './worker-channel.ts'

/** Gives connections to workers, in turn. While there is no worker, they wait. */
export interface Dispatch {
  /** @param at the place of the listener that it came in by */
  take(socket: Socket, at: string): void
  /** There is a worker that can take what waits. */
  ready(): void
  /** Ends what waits, and what comes from now on. */
  stop(): void
}

const MOST_PENDING = 1024

export function createDispatch(workers: () => readonly { channel: Channel }[]): Dispatch {
  const pending: { socket: Socket; at: string }[] = []
  let turn = 0
  let isStopped = false

  return {
    take,
    ready() {
      for (const { socket, at } of pending.splice(0)) take(socket, at)
    },
    stop() {
      isStopped = true
      for (const { socket } of pending.splice(0)) socket.destroy()
    }
  }

  // Until the worker says that it has the connection, it is ours, and another one can have it.
  function take(socket: Socket, at: string): void {
    if (isStopped) return void socket.destroy()
    if (socket.listenerCount('error') === 0) socket.on('error', () => {})
    const able = workers()
    const worker = able[turn++ % Math.max(1, able.length)]
    if (worker === undefined) {
      if (pending.length >= MOST_PENDING) pending.shift()?.socket.destroy()
      pending.push({ socket, at })
      return
    }
    worker.channel.hand('connection', at, socket).then(
      () => socket.destroy(),
      () => (socket.destroyed ? undefined : take(socket, at))
    )
  }
}
