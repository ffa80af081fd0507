/**
 * The app of the chaos run, and the judge: one process, so that one clock and one order count for everything. Whatever
 * reaches the app is in its log; whenever a wait was answered complete, nothing may be under way there or come any more,
 * until somebody asks for another mode.
 */
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { httpUpstream, type Upstream } from '../helpers/upstream.ts'

/** A wait for the drain, from the moment in which it was asked for. */
export interface Entering {
  /**
   * It was answered complete, with this revision.
   *
   * @returns whether it could be judged: not when somebody may have opened the site again meanwhile
   */
  complete(revision: number, what: string): Promise<boolean>
  /** It was answered otherwise. */
  inVain(): void
}

/** A change to another mode, from the moment in which it was asked for. */
export interface Opening {
  /** @param revision the one that it made; 0 when it certainly made none; null when nobody can say */
  done(revision: number | null): void
}

export interface Judge {
  readonly app: Upstream
  /** Requests that the app has got. */
  readonly requests: number
  /** Milliseconds for which the site was proven to be closed. */
  readonly closedMs: number
  readonly violations: readonly string[]
  enter(): Entering
  open(): Opening
}

const MARK = '/mark'
/** In the target of who will not wait for the answer: the app works on all the same. */
export const LEAVES = '&leaves'

interface Opened {
  revision: number | null
}

export async function createJudge(t: Cleanup, say: (line: string) => void): Promise<Judge> {
  const running = new Map<object, string>()
  const openings = new Set<Opened>()
  const entering = new Set<Opened[]>()
  const violations: string[] = []
  const marks = new Map<string, () => void>()
  let closed: { what: string; sinceMs: number } | undefined
  let requests = 0
  let closedMs = 0
  let lastMark = 0

  const app = await httpUpstream(t, async (incoming, response) => {
    const url = incoming.url ?? ''
    if (url.startsWith(MARK)) {
      marks.get(url)?.()
      return void response.end()
    }
    const name = `${incoming.method} ${url}`
    requests++
    if (closed !== undefined) violate(`${name} was admitted after ${closed.what}`)
    running.set(response, name)
    // What gateways that are killed had at the app is not theirs any more, and nor is what came in part.
    let isAtWork = false
    response.once('close', () => {
      if (!isAtWork) running.delete(response)
    })
    try {
      for await (const _ of incoming);
      isAtWork = url.endsWith(LEAVES)
      await sleep(workMs())
      response.end('from the app')
    } finally {
      running.delete(response)
    }
  })

  return {
    app,
    get requests() {
      return requests
    },
    get closedMs() {
      return closedMs
    },
    violations,
    enter() {
      // Whatever may take effect between this and the answer.
      const overlaps = [...openings]
      entering.add(overlaps)
      return {
        async complete(revision, what) {
          await mark()
          entering.delete(overlaps)
          const isOverruled = overlaps.some((other) => other.revision === null || other.revision > revision)
          if (isOverruled) return false
          for (const name of running.values()) violate(`${name} was under way after ${what}`)
          closed ??= { what, sinceMs: performance.now() }
          return true
        },
        inVain: () => void entering.delete(overlaps)
      }
    },
    open() {
      if (closed !== undefined) closedMs += performance.now() - closed.sinceMs
      closed = undefined
      const opened: Opened = { revision: null }
      openings.add(opened)
      for (const overlaps of entering) overlaps.push(opened)
      return {
        done(revision) {
          opened.revision = revision
          openings.delete(opened)
        }
      }
    }
  }

  function violate(text: string): void {
    violations.push(text)
    say(`VIOLATION ${text}`)
  }

  // Connections are accepted in their order. What had reached this machine's kernel when the answer came, though nobody
  // had read it yet, has been seen when this comes round: requests that are over, and the ends of connections too.
  async function mark(): Promise<void> {
    const path = `${MARK}/${++lastMark}`
    const seen = new Promise<void>((resolve) => marks.set(path, resolve))
    request(`${app.url}${path}`, { agent: false })
      .on('error', () => {})
      .end()
    await seen
    marks.delete(path)
  }
}

// Mostly quick, at times long enough for a wait to wait for it.
function workMs(): number {
  const luck = Math.random()
  return luck < 0.8 ? luck * 20 : luck < 0.97 ? 300 * Math.random() : 1500 * Math.random()
}
