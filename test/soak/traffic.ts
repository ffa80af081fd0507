/** Visitors of every kind at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import { KINDS, type Places } from './kinds.ts'
import { isExpected, type Timeline } from './timeline.ts'

/** How many visitors of a kind there are at a time. */
const LANES: Readonly<Record<string, number>> = {
  get: 4,
  post: 3,
  upload: 1,
  download: 1,
  events: 2,
  abort: 3,
  websocket: 3,
  http2: 2
}
const LONGEST_PAUSE_MS = 100

export interface Tally {
  visits: number
  /** How often each outcome came that was to be expected, by kind. */
  outcomes: Record<string, number>
  unexpected: Record<string, number>
}

export interface Traffic {
  readonly tally: Tally
  /** Lets all visitors come. */
  begin(): void
  /** Lets no more come, and waits until those who are there have left. */
  pause(): Promise<void>
}

export function createTraffic(places: Places, timeline: Timeline): Traffic {
  const tally: Tally = { visits: 0, outcomes: {}, unexpected: {} }
  let running = false
  let lanes: Promise<void>[] = []

  async function lane(name: string): Promise<void> {
    while (running) {
      const fromMs = performance.now()
      const outcome = await KINDS[name]!(places)
      const which = isExpected(outcome, timeline, fromMs) ? tally.outcomes : tally.unexpected
      const key = `${name} ${outcome}`
      which[key] = (which[key] ?? 0) + 1
      tally.visits++
      await sleep(Math.random() * LONGEST_PAUSE_MS)
    }
  }

  return {
    tally,
    begin() {
      running = true
      lanes = Object.entries(LANES).flatMap(([name, count]) =>
        Array.from({ length: count }, () => lane(name))
      )
    },
    async pause() {
      running = false
      await Promise.all(lanes)
    }
  }
}
