/** How somebody who waits is treated; see {@link createWaitingRoom}. */
export interface WaitingRoomOptions<Guest> {
  /** How many may wait at once. */
  limit: number
  /** The client has left, so that nobody waits any more. */
  isGone(guest: Guest): boolean
  /** When it may wait no longer, in `performance.now()` milliseconds. */
  dueMs(guest: Guest): number
  /** It has waited as long as it may, and is out of the room. */
  onExpired(guest: Guest): void
  /**
   * It is let go, and is out of the room.
   *
   * @returns whether it became work for the app, which is not given too many at once
   */
  onReleased(guest: Guest): boolean
}

/** Requests that wait for something, first in, first out, bounded in number and in time. */
export interface WaitingRoom<Guest> {
  /** Those who wait; one that has left is counted for {@link SWEEP_EVERY_MS} at most. */
  readonly size: number
  /** False when it is full: the guest has not been taken. */
  add(guest: Guest): boolean
  /**
   * Lets go of those who wait, a few at a time. Called again, it begins again with the first.
   *
   * @param stays asked for each in its turn: true keeps it, in its place
   */
  release(stays: (guest: Guest) => boolean): void
  /** Takes all out at once, and stops. */
  empty(onEach: (guest: Guest) => void): void
}

/** How late an end of a wait and a client that left are noticed at most. */
export const SWEEP_EVERY_MS = 25
/** An app that has just come back is not given all who waited at once. */
const RELEASE_BATCH = 64
const RELEASE_EVERY_MS = 10
/** Those who are only answered are let go faster, and still do not hold up everybody else. */
const VISIT_BATCH = 512

export function createWaitingRoom<Guest>(options: WaitingRoomOptions<Guest>): WaitingRoom<Guest> {
  const guests = new Set<Guest>()
  let sweeper: NodeJS.Timeout | null = null
  // A walk through the room that is under way: where it is, and whom it leaves behind.
  let walk: { next(): IteratorResult<Guest>; stays(guest: Guest): boolean } | null = null
  let nextStep: NodeJS.Timeout | null = null

  function sweep(): void {
    const now = performance.now()
    for (const guest of guests) {
      if (options.isGone(guest)) guests.delete(guest)
      else if (options.dueMs(guest) <= now) {
        guests.delete(guest)
        options.onExpired(guest)
      }
    }
    if (guests.size === 0) stopSweeping()
  }

  function stopSweeping(): void {
    if (sweeper !== null) clearInterval(sweeper)
    sweeper = null
  }

  function step(): void {
    nextStep = null
    let handedOn = 0
    for (let visits = 0; walk !== null && visits < VISIT_BATCH && handedOn < RELEASE_BATCH; visits++) {
      const { done, value: guest } = walk.next()
      if (done === true) walk = null
      else if (options.isGone(guest)) guests.delete(guest)
      else if (!walk.stays(guest)) {
        guests.delete(guest)
        if (options.onReleased(guest)) handedOn++
      }
    }
    if (walk !== null) nextStep = setTimeout(step, RELEASE_EVERY_MS)
  }

  return {
    get size() {
      return guests.size
    },
    add(guest) {
      if (guests.size >= options.limit) return false
      guests.add(guest)
      sweeper ??= setInterval(sweep, SWEEP_EVERY_MS)
      return true
    },
    release(stays) {
      const places = guests.values()
      walk = { next: () => places.next(), stays }
      if (nextStep === null) step()
    },
    empty(onEach) {
      walk = null
      if (nextStep !== null) clearTimeout(nextStep)
      nextStep = null
      const all = [...guests]
      guests.clear()
      stopSweeping()
      for (const guest of all) if (!options.isGone(guest)) onEach(guest)
    }
  }
}
