/** Those who use the fleet of the chaos run: visitors without end, and operators who close the site and open it again. */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom } from '../fuzz/random.ts'
import type { Place } from './chaos-gateways.ts'
import { type Judge, LEAVES } from './chaos-judge.ts'
import { PLACES } from './chaos-plan.ts'

/** What visitors got, by status or by code of error. */
export type Answers = Map<string, number>

const LANES = 2
const PATIENCE_MS = 4000

/** Asks through every gateway that is there until the signal says stop. */
export async function visit(places: readonly Place[], signal: AbortSignal): Promise<Answers> {
  const answers: Answers = new Map()
  let number = 0
  const lane = async (place: Place): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: LANES })
    while (!signal.aborted) {
      const { gateway } = place
      const what =
        gateway === undefined ? 'nobody there' : await ask(agent, gateway.url, gateway.pid, ++number)
      answers.set(what, (answers.get(what) ?? 0) + 1)
      await sleep(what === '200' ? 5 + 25 * Math.random() : 30)
    }
    agent.destroy()
  }
  await Promise.all(places.flatMap((place) => Array.from({ length: LANES }, () => lane(place))))
  return answers
}

// Every third sends a body, some of them in two pieces; some visitors go before they have their answer.
function ask(agent: Agent, url: string, pid: number, number: number): Promise<string> {
  return new Promise((resolve) => {
    const sends = number % 3 === 0
    const leaves = number % 23 === 0
    const path = `${url}/${number}?gateway=${pid}${leaves ? LEAVES : ''}`
    const sent = request(path, { agent, method: sends ? 'POST' : 'GET' }, (response) => {
      response.resume().once('close', () => resolve(response.complete ? `${response.statusCode}` : 'cut'))
    })
    sent.setTimeout(PATIENCE_MS, () => sent.destroy())
    sent.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
    if (leaves) setTimeout(() => sent.destroy(), 40 * Math.random())
    if (number % 15 !== 0) return void sent.end(sends ? 'a body' : undefined)
    sent.write('a bo')
    setTimeout(() => sent.end('dy'), 200 * Math.random())
  })
}

export interface Tally {
  complete: number
  unjudged: number
  notProven: number
  superseded: number
  failed: number
}

export interface OperatorOptions {
  name: string
  seed: number
  stream: number
  places: readonly Place[]
  judge: Judge
  signal: AbortSignal
  /** Longest pause between two changes, in milliseconds. */
  pauseMs: number
  tally: Tally
  say(line: string): void
  /** Does something to a gateway in a moment of which an operator knows that it is a bad one. */
  ambush(place: number, what: 'freeze' | 'drop' | 'stall', forMs: number): void
}

/** Changes the mode again and again. What is done in which order is a matter of the seed alone. */
export async function operate(options: OperatorOptions): Promise<void> {
  const { name, places, judge, signal, tally, say, ambush } = options
  const random = createRandom(options.seed, options.stream)
  for (let round = 1; !signal.aborted; round++) {
    const at = random.below(PLACES)
    const strike = {
      isMeant: random.oneIn(4),
      place: random.below(PLACES),
      what: random.pick(['freeze', 'freeze', 'drop', 'stall'] as const),
      afterMs: random.below(25),
      forMs: random.oneIn(8) ? 5200 + random.below(2000) : random.below(900)
    }
    const enters = { timeout: `${2 + random.below(4)}s`, force: random.oneIn(4) }
    const opens = { byMode: random.oneIn(4), afterMs: 50 + random.below(1200) }
    const restMs = 200 + random.below(options.pauseMs)

    if (strike.isMeant) setTimeout(() => ambush(strike.place, strike.what, strike.forMs), strike.afterMs)
    await enter(someone(at), `${name}${round}`, enters)
    await sleep(opens.afterMs)
    await open(someone(at + 1), `${name}${round}`, opens.byMode)
    await sleep(restMs)
  }

  async function enter(place: Place | undefined, what: string, how: object): Promise<void> {
    if (place === undefined) return
    const entering = judge.enter()
    try {
      const body = { mode: 'maintenance', wait: 'drained', reason: what, ...how }
      const { status, content } = await place.call('PUT', '/maintenance', body)
      const { outcome, lost = [] } = (content.wait ?? {}) as { outcome?: string; lost?: string[] }
      const revision = Number(content.revision ?? 0)
      const text = `enter ${what} at ${place.number}: ${status} ${outcome ?? content.code} ${revision}`
      say(`${text} ${lost.length > 0 ? `lost ${lost.join(' ')}` : ''}`)
      if (outcome === 'complete') {
        const isJudged = await entering.complete(revision, text)
        if (isJudged) tally.complete++
        else tally.unjudged++
      } else if (outcome === 'superseded') tally.superseded++
      else if (outcome === 'not-proven') tally.notProven++
      else tally.failed++
    } catch (error) {
      tally.failed++
      say(`enter ${what} at ${place.number}: ${(error as Error).message}`)
    } finally {
      entering.inVain()
    }
  }

  async function open(place: Place | undefined, what: string, byMode: boolean): Promise<void> {
    if (place === undefined) return
    const opening = judge.open()
    say(`open ${what} at ${place.number}`)
    try {
      const { status, content } = byMode
        ? await place.call('PUT', '/maintenance', { mode: 'read-only', wait: 'applied', timeout: '2s' })
        : await place.call('DELETE', '/maintenance', { timeout: '2s' })
      say(`open ${what} at ${place.number}: ${status} ${content.code ?? content.revision}`)
      // A conflict certainly changed nothing.
      opening.done(status === 409 || status === 412 ? 0 : status < 300 ? Number(content.revision) : null)
    } catch (error) {
      say(`open ${what} at ${place.number}: ${(error as Error).message}`)
      opening.done(null)
    }
  }

  function someone(from: number): Place | undefined {
    const turned = places.map((_, n) => places[(from + n) % PLACES]!)
    return turned.find(({ gateway }) => gateway !== undefined)
  }
}
