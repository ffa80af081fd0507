/** What is done to a fleet, and when. A plan is made of its seed alone, so that a seed repeats it. */
import { createRandom, type Random } from '../fuzz/random.ts'
import type { RelayMode } from '../helpers/relay.ts'

/** Gateways there may be at once. Each has a place of its own: a state folder, and a relay between it and Redis. */
export const PLACES = 4
/** The gateway at this place has workers. */
export const PLACE_WITH_WORKERS = 3

export type Action =
  | { do: 'start'; place: number }
  | { do: 'leave'; place: number }
  | { do: 'kill'; place: number; what: 'all' | 'primary' | 'worker' }
  | { do: 'freeze'; place: number; what: 'all' | 'worker'; forMs: number }
  | { do: 'cut'; place: number; mode: RelayMode; forMs: number }
  | { do: 'restart Redis'; downMs: number }
  | { do: 'freeze Redis'; forMs: number }
  | { do: 'empty Redis'; downMs: number; start: number | null }
  /** With `apart` one place goes on with the old server for so long, which nobody else hears any more. */
  | { do: 'promote'; lagMs: number; apart: { place: number; forMs: number } | null; start: number | null }

export interface Step {
  atMs: number
  action: Action
}

/** What a kind of step weighs against the others. */
const WEIGHTS = {
  start: 10,
  leave: 2,
  kill: 3,
  freeze: 4,
  cut: 4,
  'restart Redis': 1,
  'freeze Redis': 1,
  'empty Redis': 1,
  promote: 1
} as const
const KINDS = (Object.keys(WEIGHTS) as Action['do'][]).flatMap((kind) =>
  Array<Action['do']>(WEIGHTS[kind]).fill(kind)
)
const MODES: readonly RelayMode[] = ['refuse', 'drop', 'stall', 'stall', 'half-close', 40, 300, 900]
/** Of so many places at least a gateway is to be there. */
const LEAST_UP = 2

interface Place {
  isUp: boolean
  /** Until when it is frozen or cut off. */
  busyUntilMs: number
}

export function makePlan(seed: number, durationMs: number): Step[] {
  const random = createRandom(seed, 0)
  const places: Place[] = Array.from({ length: PLACES }, () => ({ isUp: true, busyUntilMs: 0 }))
  const steps: Step[] = []
  for (let atMs = 0; ; ) {
    atMs += pauseMs(random)
    if (atMs >= durationMs) return steps
    const action = draw(random, places, atMs)
    if (action !== undefined) steps.push({ atMs, action })
  }
}

// Now and then all is quiet for long enough that a wait can be complete.
function pauseMs(random: Random): number {
  return random.oneIn(4) ? 1500 + random.below(2000) : 30 + random.below(900)
}

function draw(random: Random, places: Place[], atMs: number): Action | undefined {
  const kind = random.pick(KINDS)
  const place = random.below(PLACES)
  const found = places[place]!
  const isSpare = places.filter(({ isUp }) => isUp).length > LEAST_UP
  switch (kind) {
    case 'start': {
      const down = places.flatMap(({ isUp }, at) => (isUp ? [] : [at]))
      if (down.length === 0) return undefined
      const chosen = random.pick(down)
      places[chosen] = { isUp: true, busyUntilMs: 0 }
      return { do: kind, place: chosen }
    }
    case 'leave':
      if (!found.isUp || !isSpare || found.busyUntilMs > atMs) return undefined
      found.isUp = false
      return { do: kind, place }
    case 'kill': {
      if (!found.isUp || !isSpare) return undefined
      const what = place === PLACE_WITH_WORKERS ? random.pick(['all', 'primary', 'worker'] as const) : 'all'
      found.isUp = what === 'worker'
      return { do: kind, place, what }
    }
    case 'freeze': {
      const forMs = lengthMs(random)
      const what = place === PLACE_WITH_WORKERS ? random.pick(['all', 'worker'] as const) : 'all'
      if (!found.isUp || found.busyUntilMs > atMs) return undefined
      found.busyUntilMs = atMs + forMs
      return { do: kind, place, what, forMs }
    }
    case 'cut': {
      const [forMs, mode] = [lengthMs(random), random.pick(MODES)]
      if (found.busyUntilMs > atMs) return undefined
      found.busyUntilMs = atMs + forMs
      return { do: kind, place, mode, forMs }
    }
    case 'restart Redis':
      return { do: kind, downMs: random.below(3000) }
    case 'freeze Redis':
      return { do: kind, forMs: 50 + random.below(2500) }
    case 'empty Redis':
      return { do: kind, downMs: random.below(2500), start: startMeanwhile(random, places) }
    case 'promote': {
      const apart = random.oneIn(2) ? { place, forMs: lengthMs(random) } : null
      return { do: kind, lagMs: random.below(2500), apart, start: startMeanwhile(random, places) }
    }
  }
}

// From less than a beat to more than a lease.
function lengthMs(random: Random): number {
  if (random.oneIn(8)) return 5200 + random.below(2500)
  return random.oneIn(5) ? 1500 + random.below(2500) : 5 + random.below(800)
}

// A newcomer comes to a store that has just lost something.
function startMeanwhile(random: Random, places: Place[]): number | null {
  const down = places.flatMap(({ isUp }, at) => (isUp ? [] : [at]))
  if (down.length === 0 || random.oneIn(2)) return null
  const place = random.pick(down)
  places[place] = { isUp: true, busyUntilMs: 0 }
  return place
}
