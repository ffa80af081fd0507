import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { forgetDead } from './chaos-dead.ts'
import { openPlace, type Place } from './chaos-gateways.ts'
import { createJudge } from './chaos-judge.ts'
import { type OperatorOptions, operate, type Tally, visit } from './chaos-people.ts'
import { type Action, makePlan, PLACE_WITH_WORKERS, PLACES } from './chaos-plan.ts'
import { type ChaosRedis, startChaosRedis } from './chaos-redis.ts'

export interface ChaosReport {
  violations: readonly string[]
  /** Whether a wait was complete, and the site open again, once nothing was done to anybody any more. */
  isHealed: boolean
  /** Waits that were answered complete, and judged. */
  complete: number
  requests: number
  summary: string
  /** What was done and answered, a line each. */
  log: readonly string[]
}

/** For everybody to come back: the longest lease, the longest pause, a start. */
const HEAL_MS = 40_000
const FORGET_EVERY_MS = 1500

/** @returns undefined after the test was marked as skipped */
export async function runChaos(
  t: TestContext,
  { seed, durationMs }: { seed: number; durationMs: number }
): Promise<ChaosReport | undefined> {
  let beganMs = performance.now()
  const log: string[] = []
  const say = (line: string): void => void log.push(`${Math.round(performance.now() - beganMs)} ${line}`)
  const redis = await startChaosRedis(t)
  if (redis === undefined) return undefined
  const judge = await createJudge(t, say)
  const dead = new Set<number>()
  const places: Place[] = []
  for (let number = 0; number < PLACES; number++) {
    const workers = number === PLACE_WITH_WORKERS ? 2 : 1
    const options = { redisPort: () => redis.port, appUrl: judge.app.url, args: [], workers, dead, say }
    places.push(await openPlace(t, { number, ...options }))
  }
  await Promise.all(places.map((place) => place.start()))
  // A store that is empty is looked at for a while, until the first of them believes that it is.
  for (const { gateway } of places) while ((await statusAt(gateway!.url)) !== 200) await sleep(100)

  beganMs = performance.now()
  const ending = new AbortController()
  const { signal } = ending
  const counts = new Map<string, number>()
  const tally: Tally = { complete: 0, unjudged: 0, notProven: 0, superseded: 0, failed: 0 }
  // Whoever is to remember what Redis loses.
  let anchor: Place | undefined
  const pending = new Set<Promise<unknown>>()
  const background = (work: Promise<unknown>): void => {
    const tracked = work
      .catch((error: Error) => say(`! ${error.message}`))
      .finally(() => pending.delete(tracked))
    pending.add(tracked)
  }
  const shared = { seed, places, judge, signal, tally, say, ambush } satisfies Partial<OperatorOptions>
  const visiting = visit(places, signal)
  const operators = [
    operate({ ...shared, name: 'A', stream: 1, pauseMs: 300 }),
    operate({ ...shared, name: 'B', stream: 2, pauseMs: 9000 })
  ]
  const forgetting = forgetTheDead()

  let lateMs = performance.now()
  for (const { atMs, action } of makePlan(seed, durationMs)) {
    await sleep(Math.max(0, lateMs + atMs - performance.now()))
    const text = Object.values(action).map((each) => (typeof each === 'object' ? JSON.stringify(each) : each))
    say(text.join(' '))
    const startedMs = performance.now()
    if (await act(action)) counts.set(action.do, (counts.get(action.do) ?? 0) + 1)
    else say(`${action.do} was left out`)
    // The plan goes by its own clock, which stands still meanwhile.
    lateMs += performance.now() - startedMs
  }
  ending.abort()
  await Promise.all(operators)
  while (pending.size > 0) await Promise.all(pending)
  const isHealed = await heal()
  const answers = await visiting
  await forgetting

  const list = (map: Map<string, number>): string =>
    [...map]
      .sort()
      .map(([name, count]) => `${count} x ${name}`)
      .join(', ')
  return {
    ...{ violations: judge.violations, isHealed, complete: tally.complete, requests: judge.requests, log },
    summary:
      `seed ${seed}, ${Math.round((performance.now() - beganMs) / 1000)} s: ${list(counts)}; waits: ` +
      `${JSON.stringify(tally)}, proven to be closed for ${Math.round(judge.closedMs / 1000)} s; ` +
      `${judge.requests} requests at the app; answers: ${list(answers)}; violations: ${judge.violations.length}`
  }

  function ambush(at: number, what: 'freeze' | 'drop' | 'stall', forMs: number): void {
    const place = places[at]!
    if (place === anchor || place.isFrozen || place.isCut || place.gateway === undefined) return
    say(`ambush: ${what} ${at} for ${forMs}`)
    background(what === 'freeze' ? place.freeze('all', forMs) : place.cut(what, forMs))
  }

  /** @returns whether it was done */
  async function act(action: Action): Promise<boolean> {
    switch (action.do) {
      case 'start':
        background(places[action.place]!.start())
        return true
      case 'leave':
        background(places[action.place]!.leave())
        return true
      case 'kill':
        background(places[action.place]!.kill(action.what))
        return true
      case 'freeze':
        background(places[action.place]!.freeze(action.what, action.forMs))
        return true
      case 'cut':
        background(places[action.place]!.cut(action.mode, action.forMs))
        return true
      case 'restart Redis':
        await redis!.restart({ empty: false, downMs: action.downMs })
        return true
      case 'freeze Redis':
        await redis!.freeze(action.forMs)
        return true
      case 'empty Redis':
        return remembering(async (known) => {
          if (action.start !== null && action.start !== known.number)
            background(places[action.start]!.start())
          await redis!.restart({ empty: true, downMs: action.downMs })
        })
      case 'promote':
        return remembering((known) => promote(redis!, action, known))
    }
  }

  async function promote(
    { promote }: ChaosRedis,
    { lagMs, apart, start }: Action & { do: 'promote' },
    known: Place
  ): Promise<void> {
    const isApart = apart !== null && apart.place !== known.number
    const end = await promote(lagMs, isApart, () => {
      for (const { number, relay, isCut } of places) {
        if (isCut || (isApart && number === apart.place)) continue
        relay.set('refuse')
        relay.set('pass')
      }
    })
    if (start !== null && start !== known.number) background(places[start]!.start())
    if (isApart) background(sleep(apart.forMs).then(end))
    else await end()
  }

  // Somebody who knows the fleet is there, and nothing happens to it until it has put back what was lost.
  async function remembering(lose: (known: Place) => Promise<void>): Promise<boolean> {
    anchor = await findAnchor()
    if (anchor === undefined) return false
    say(`${anchor.number} is to remember`)
    try {
      await lose(anchor)
      const endMs = performance.now() + 10_000
      while (!(await isInContact(anchor)) && performance.now() < endMs) await sleep(100)
      await sleep(1500)
      return true
    } finally {
      anchor = undefined
    }
  }

  async function findAnchor(): Promise<Place | undefined> {
    for (const place of places) {
      if (place.isFrozen || place.isCut || place.gateway === undefined) continue
      anchor = place
      if (await isInContact(place)) return place
    }
    return undefined
  }

  async function isInContact(place: Place): Promise<boolean> {
    const answer = await place.call('GET', '/status').catch(() => undefined)
    return (answer?.content.store as { reachable?: boolean } | undefined)?.reachable === true
  }

  async function forgetTheDead(): Promise<void> {
    while (!signal.aborted) {
      await sleep(FORGET_EVERY_MS, undefined, { signal }).catch(() => {})
      for (const place of places) {
        if (place.isFrozen || place.isCut || place.gateway === undefined) continue
        await forgetDead(place, places, dead, say).catch(() => {})
        break
      }
    }
  }

  async function heal(): Promise<boolean> {
    const endMs = performance.now() + HEAL_MS
    while (performance.now() < endMs) {
      for (const place of places) {
        if (place.running === undefined) background(place.start())
        if (place.gateway !== undefined) await forgetDead(place, places, dead, say).catch(() => {})
      }
      while (pending.size > 0) await Promise.all(pending)
      const asked = places.find(({ gateway }) => gateway !== undefined)
      const entering = judge.enter()
      const body = { mode: 'maintenance', wait: 'drained', timeout: '8s', reason: 'the end' }
      const answer = await asked?.call('PUT', '/maintenance', body).catch(() => undefined)
      const wait = answer?.content.wait as { outcome: string; members: number } | undefined
      say(`the end: ${JSON.stringify(wait ?? answer?.content)}`)
      if (wait?.outcome === 'complete' && wait.members === PLACES) {
        await entering.complete(Number(answer?.content.revision), 'the end')
        await sleep(300)
        return true
      }
    }
    for (const { number, running, isFrozen, isCut } of places)
      say(
        `at ${number}: ${running?.pid} ${isFrozen} ${isCut} ${running?.stdout.slice(-1500)}${running?.stderr}`
      )
    return false
  }
}

async function statusAt(url: string): Promise<number> {
  const response = await fetch(url)
  await response.arrayBuffer()
  return response.status
}
