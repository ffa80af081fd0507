import type { IncomingMessage, ServerResponse } from 'node:http'
import { isBypassed, markBypassed } from '../bypass-traces.ts'
import { rawTarget } from '../raw-target.ts'
import { whenOver } from './client.ts'
import { createHold } from './hold.ts'
import type { Judge, Verdict } from './judge.ts'
import type { OwnAnswer } from './own-answer.ts'
import type { PathMatch } from './path-rules.ts'
import type { Site } from './site.ts'

/** One request at the gate. */
export interface Visit {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** It is for a route that is open in every mode. */
  readonly isOpen: boolean
  /** Lets it in. */
  admit(): void
  /** Lets it in by a bypass, of the mode that its answer is to tell; null when that is noted already. */
  bypass(mode: string | null): void
  /** Answers it with 503. */
  refuse(reason: string): void
  answer(answer: OwnAnswer): void
}

/** The gate of a site that is closed, or not known to be open. */
export interface ClosedGate {
  /** Requests that wait for the end of the mode `hold`. */
  readonly held: number
  /** Whether a request may go to the app at this moment. */
  letsIn(request: IncomingMessage): boolean
  /** Lets a request in, answers it, or keeps it. @returns whether it was let in at once */
  receive(visit: Visit): boolean
  /** Why a request is refused whatever it is for; null when its route, or somebody else, has a say in it. */
  refusal(request: IncomingMessage): string | null
  /** Why it refuses at this moment. */
  reason(): string
  /** The mode has changed: whoever is held gets what it says now. */
  reconsider(): void
  /** Ends the wait of all who are held, and holds nobody any more: for a process that stops. */
  giveUp(): void
  /** Ends the wait of all who are held: somebody else decides on them. */
  handOver(to: (visit: Visit) => void): void
}

/** What has passed a closed gate. */
export interface Passed {
  /** Requests that have passed by a bypass and are not over. */
  bypassed: number
}

export interface ClosedGateOptions {
  site: Pick<Site, 'isKnown' | 'state'>
  judge: Judge
  /** Paths by which a load balancer asks whether we are there. */
  isProbe: PathMatch
  /** How many may be held at once. */
  holdLimit: number
  /** Kept by somebody who lives longer. */
  passed: Passed
}

const DEFAULT_MAX_WAIT_MS = 30_000

export function createClosedGate({ site, judge, isProbe, holdLimit, passed }: ClosedGateOptions): ClosedGate {
  let hasGivenUp = false
  const hold = createHold<Visit>({
    limit: holdLimit,
    isHeld: ({ request, isOpen }) => !isOpen && judge.verdictOn(request) === 'hold',
    maxWaitMs: () => site.state.maxWaitMs ?? DEFAULT_MAX_WAIT_MS,
    onReleased: receive,
    onTimeout: (visit) => visit.refuse('hold-timeout')
  })

  function verdictOn(request: IncomingMessage): Verdict {
    return isBypassed(request) ? 'bypass' : judge.verdictOn(request)
  }

  function receive(visit: Visit): boolean {
    const { request, isOpen } = visit
    const verdict = verdictOn(request)
    if (verdict === 'admit') visit.admit()
    else if (verdict === 'bypass' || isOpen) bypass(visit)
    else if (answersProbe(request)) visit.answer(probeAnswer(site.state.mode))
    else if (verdict === 'refuse') visit.refuse(reason())
    else if (hasGivenUp) visit.refuse('hold-timeout')
    else if (!hold.add(visit)) visit.refuse('hold-full')
    return verdict === 'admit' || verdict === 'bypass' || isOpen
  }

  function refusal(request: IncomingMessage): string | null {
    return verdictOn(request) === 'refuse' && !answersProbe(request) ? reason() : null
  }

  function bypass(visit: Visit): void {
    const { request, response } = visit
    if (isBypassed(request)) {
      visit.bypass(null)
      return
    }
    markBypassed(request)
    passed.bypassed++
    whenOver(response, () => passed.bypassed--)
    visit.bypass(site.isKnown ? site.state.mode : 'starting')
  }

  // Only in a mode that an operator has chosen: while it is not known, others should serve in our place.
  function answersProbe(request: IncomingMessage): boolean {
    const { method } = request
    return site.isKnown && (method === 'GET' || method === 'HEAD') && isProbe(rawTarget(request))
  }

  function reason(): string {
    if (!site.isKnown) return 'starting'
    // What was held and is given up had no more time; and so has what the end of a mode overtakes.
    return site.state.mode === 'read-only' || site.state.mode === 'maintenance'
      ? site.state.mode
      : 'hold-timeout'
  }

  return {
    get held() {
      return hold.size
    },
    letsIn(request) {
      const verdict = verdictOn(request)
      return verdict === 'admit' || verdict === 'bypass'
    },
    receive,
    refusal,
    reason,
    reconsider: hold.reconsider,
    giveUp() {
      hasGivenUp = true
      hold.close()
    },
    handOver: hold.handOver
  }
}

const PROBE_BODY = 'ok\n'

function probeAnswer(mode: string): OwnAnswer {
  const type = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(PROBE_BODY.length)]
  const rest = ['Cache-Control', 'no-store', 'X-Content-Type-Options', 'nosniff', 'Intermission-Mode', mode]
  return { status: 200, headers: [...type, ...rest], body: PROBE_BODY }
}
