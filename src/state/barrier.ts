import { linkedAbort } from '../linked-abort.ts'
import type { InFlight } from './in-flight.ts'
import type { Want } from './request.ts'

/** What came of waiting for a change. No request and no visitor is named in it. */
export interface WaitOutcome {
  /** `superseded`: somebody changed one of the sites again meanwhile. */
  outcome: 'complete' | 'not-proven' | 'superseded'
  /** Running gateways that the change is for. */
  members: number
  /** How many of them have it in force. */
  applied: number
  /** How many of them have nothing in flight any more from before it. */
  drained: number
  /** Requests from before it that are still in flight. */
  inFlight: number
  /** Requests from before it that were given up (their clients have left, or they were cut) and may still be running. */
  abandoned: number
  /** Age of the oldest in flight, in milliseconds. */
  oldestMs: number | null
  /** Members of which nothing is heard. */
  lost: string[]
}

/** What to wait for. */
export interface WaitQuery {
  /** The revision that is waited for. */
  revision: number
  /** The sites that were changed. */
  sites: string[]
  /** What is waited for. */
  want: Want
  /** How long, in milliseconds. */
  timeoutMs: number
  /** At the end of the time, cut what is left. */
  force: boolean
}

/** Waits until a change is in force, and what was in flight before it is over. Never rejects. */
export interface Barrier {
  /** Waits until a change is where it is to be, or the time is over. Never throws. */
  wait(query: WaitQuery): Promise<WaitOutcome>
}

/** What the local barrier has to know. */
export interface LocalFacts {
  /** The shared revision that is in force in this process. */
  readonly revision: number
  /** Of a site: undefined when it is none of ours. */
  site(name: string): LocalSite | undefined
  /** Tells whenever one of these may have changed. @returns a function that ends it */
  onChange(listener: () => void): () => void
  /** Ends all waits, with what is so then. */
  readonly closing: AbortSignal
}

/** A site as a barrier sees it. */
export interface LocalSite {
  /** The revision of the document that is in force. */
  readonly revision: number
  /** What was handed to the app and is not over. */
  readonly inFlight: InFlight
  /** The generation that ended when that document came into force. */
  readonly generation: number
}

/** The barrier of one process, in which a change is in force as soon as the process knows of it. */
export function createLocalBarrier(facts: LocalFacts): Barrier {
  return {
    async wait({ revision, sites: names, want, timeoutMs, force }) {
      const startMs = performance.now()
      const sites = names.flatMap((name) => facts.site(name) ?? [])
      const applied = new AbortController()
      const over = linkedAbort(facts.closing)
      let isSuperseded = false
      const look = (): void => {
        isSuperseded ||= sites.some((site) => site.revision > revision)
        if (isSuperseded) over.abort()
        if (facts.revision >= revision) applied.abort()
      }
      const forget = facts.onChange(look)
      look()
      if (want !== 'none') await aborted([applied.signal, over.signal], timeoutMs)
      const isApplied = applied.signal.aborted
      const leftMs = Math.max(0, timeoutMs - (performance.now() - startMs))
      const options = { timeoutMs: leftMs, force, signal: over.signal }
      const drains = isApplied && want === 'drained' ? sites : []
      const results = await Promise.all(drains.map((site) => site.inFlight.drained(site.generation, options)))
      forget()
      over.unlink()

      const isDrained = isApplied && want === 'drained' && results.every(({ drained }) => drained)
      const isComplete = want === 'none' || (want === 'applied' ? isApplied : isDrained)
      const ages = results.flatMap(({ oldestMs }) => oldestMs ?? [])
      return {
        outcome: isSuperseded ? 'superseded' : isComplete ? 'complete' : 'not-proven',
        members: 1,
        applied: isApplied ? 1 : 0,
        drained: isDrained ? 1 : 0,
        inFlight: results.reduce((sum, { left }) => sum + left, 0),
        abandoned: results.reduce((sum, { abandoned }) => sum + abandoned, 0),
        oldestMs: ages.length === 0 ? null : Math.max(...ages),
        lost: []
      }
    }
  }
}

function aborted(signals: AbortSignal[], timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer)
      for (const signal of signals) signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, timeoutMs)
    for (const signal of signals) signal.addEventListener('abort', done)
    if (signals.some((signal) => signal.aborted)) done()
  })
}
