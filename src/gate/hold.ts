import type { ServerResponse } from 'node:http'
import { createWaitingRoom } from '../waiting-room.ts'
import { isGone } from './client.ts'

/** Somebody who can be held. */
export interface Holdable {
  readonly response: ServerResponse
}

/** Requests that wait for the end of the mode `hold`, first in, first out. Their bodies have not been read. */
export interface Hold<Visit> {
  readonly size: number
  /** False when it is full. */
  add(visit: Visit): boolean
  /** The mode has changed: lets go of all that it does not hold any more, a few at a time. */
  reconsider(): void
  /** Ends the wait of all without a word: somebody else goes on with them. How long they have waited stays known. */
  handOver(to: (visit: Visit) => void): void
  /** Ends the wait of all. */
  close(): void
}

export interface HoldOptions<Visit> {
  /** How many may wait at once. */
  limit: number
  /** Whether the mode of this moment holds it. */
  isHeld(visit: Visit): boolean
  /** How long each may wait, by the mode of this moment, in milliseconds. */
  maxWaitMs(): number
  /** Goes on with it, as the mode then says. @returns whether the app has got it */
  onReleased(visit: Visit): boolean
  /** It was too long. */
  onTimeout(visit: Visit): void
}

// Of a request that has come to be held elsewhere: when it began to wait.
const waitsSinceMs = new WeakMap<object, number>()

export function createHold<Visit extends Holdable>(options: HoldOptions<Visit>): Hold<Visit> {
  const { limit, isHeld, maxWaitMs, onReleased, onTimeout } = options
  const room = createWaitingRoom<{ visit: Visit; sinceMs: number }>({
    limit,
    isGone: ({ visit }) => isGone(visit.response),
    dueMs: ({ sinceMs }) => sinceMs + maxWaitMs(),
    onExpired({ visit }) {
      // The mode may have changed while it was waiting for its turn to go.
      if (isHeld(visit)) onTimeout(visit)
      else onReleased(visit)
    },
    onReleased: ({ visit }) => onReleased(visit)
  })
  return {
    get size() {
      return room.size
    },
    add: (visit) => room.add({ visit, sinceMs: waitsSinceMs.get(visit.response) ?? performance.now() }),
    reconsider: () => room.release(({ visit }) => isHeld(visit)),
    handOver(to) {
      room.empty(({ visit, sinceMs }) => {
        waitsSinceMs.set(visit.response, sinceMs)
        to(visit)
      })
    },
    close: () => room.empty(({ visit }) => onTimeout(visit))
  }
}
