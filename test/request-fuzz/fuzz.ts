/** Sends many cases through a gateway, and through nginx where it is installed, and counts what came of them. */
import type { FuzzOptions as AnyFuzzOptions, Outcome as AnyOutcome } from '../fuzz/fuzz.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { makeRequests, SENTINEL } from './cases.ts'
import { Fault, judge } from './judge.ts'
import { type App, openApp, type Seen, send } from './lane.ts'
import { openGateway, openNginx } from './proxies.ts'
import { shrink } from './shrink.ts'

export interface Failure {
  number: number
  message: string
  bytes: string
  smaller: string
}

export interface Outcome extends Pick<AnyOutcome, 'counts' | 'casesPerSecond'> {
  failures: Failure[]
  /** Some cases of the category `laxer`, for eyes. */
  laxer: string[]
}

export interface FuzzOptions extends AnyFuzzOptions {
  /** The nginx to compare with; undefined = none. */
  nginx?: string | undefined
}

/** A gateway and an nginx, each in front of an app of its own. */
export interface Pair {
  try(bytes: string): Promise<{ category: string } | { fault: string }>
}

const LANES = 6
const MOST_EXAMPLES = 20

export async function openPairs(t: Cleanup, count: number, nginx: string | undefined): Promise<Pair[]> {
  const apps = await Promise.all(Array.from({ length: 2 * count }, () => openApp(t)))
  const behindNginx = apps.splice(count)
  const nginxPorts =
    nginx === undefined
      ? []
      : await openNginx(
          t,
          nginx,
          behindNginx.map(({ port }) => port)
        )
  return Promise.all(
    apps.map(async (app, at) => {
      const port = await openGateway(t, app.port)
      return createPair(
        { port, app },
        nginxPorts[at] === undefined ? undefined : { port: nginxPorts[at], app: behindNginx[at]! }
      )
    })
  )
}

interface Way {
  port: number
  app: App
}

function createPair(ours: Way, theirs: Way | undefined): Pair {
  return {
    async try(bytes) {
      const all = bytes + SENTINEL
      const [we, nginx]: [Seen, Seen | undefined] = await Promise.all([
        send(ours.port, all, ours.app),
        theirs === undefined ? undefined : send(theirs.port, all, theirs.app)
      ])
      try {
        return { category: judge(we, nginx) }
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        return { fault: error.message }
      }
    }
  }
}

export async function runFuzz(t: Cleanup, options: FuzzOptions): Promise<Outcome> {
  const { seed, cases, first = 0, maxFailures = 5, nginx } = options
  const pairs = await openPairs(t, Math.min(LANES, cases), nginx)
  const counts = new Map<string, number>()
  const failures: Failure[] = []
  const laxer: string[] = []
  const startMs = performance.now()
  let next = first
  await Promise.all(
    pairs.map(async (pair) => {
      while (next < first + cases && failures.length < maxFailures) {
        const number = next++
        const bytes = makeRequests(seed, number)
        let came = await pair.try(bytes)
        // On a busy machine a request of the case before may still be on its way to an app. What is real comes again.
        if ('fault' in came) came = await pair.try(bytes)
        if ('fault' in came) failures.push(await failure(pair, number, bytes, came.fault))
        else {
          counts.set(came.category, (counts.get(came.category) ?? 0) + 1)
          if (came.category === 'laxer' && laxer.length < MOST_EXAMPLES) laxer.push(bytes)
        }
      }
    })
  )
  const seconds = (performance.now() - startMs) / 1000
  return {
    counts: [...counts].sort((a, b) => b[1] - a[1]),
    failures,
    laxer,
    casesPerSecond: Math.round((next - first) / seconds)
  }
}

async function failure(pair: Pair, number: number, bytes: string, message: string): Promise<Failure> {
  const kind = message.split(':')[0]
  const smaller = await shrink(bytes, async (attempt) => {
    const came = await pair.try(attempt)
    return 'fault' in came && came.fault.split(':')[0] === kind
  })
  return { number, message, bytes, smaller }
}

export function report({ number, message, bytes, smaller }: Failure, seed: number): string {
  return [
    `case ${number} of seed ${seed}: ${message}`,
    `  sent:    ${JSON.stringify(bytes)}`,
    `  smaller: ${JSON.stringify(smaller)}`,
    `  again:   npm run fuzz -- requests --seed ${seed} --case ${number}`
  ].join('\n')
}
