import type { IncomingMessage } from 'node:http'
import { rawTarget } from '../raw-target.ts'
import type { Bypass } from './bypass.ts'
import { createClosingPaths, createOpeningPaths, type PathMatch } from './path-rules.ts'
import type { Site, SiteMode, SiteState } from './site.ts'

/** What becomes of a request: `bypass` passes although the site is closed for others. */
export type Verdict = 'admit' | 'bypass' | 'refuse' | 'hold'

/** Says what becomes of requests by the mode of this moment. */
export interface Judge {
  verdictOn(request: IncomingMessage): Verdict
  /** The mode that a path meets, whatever the method and whoever asks. */
  modeAt(target: string): SiteMode
}

// Those that the registry of HTTP methods (RFC 9110 section 16.1) calls safe.
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY'])

interface Rules {
  readonly of: SiteState
  readonly isClosed: PathMatch
  readonly isExcepted: PathMatch
}

export function createJudge(site: Pick<Site, 'isKnown' | 'state'>, bypass: Bypass): Judge {
  let rules = compile(site.state)

  function modeAt(target: string): SiteMode {
    if (rules.of !== site.state) rules = compile(site.state)
    const { of, isClosed, isExcepted } = rules
    return of.mode !== 'live' && isClosed(target) && !isExcepted(target) ? of.mode : 'live'
  }

  return {
    modeAt,
    verdictOn(request) {
      const target = rawTarget(request)
      const mode = site.isKnown ? modeAt(target) : 'starting'
      if (mode === 'live' || (mode === 'read-only' && isSafe(request))) return 'admit'
      if (bypass(request, target)) return 'bypass'
      return mode === 'hold' ? 'hold' : 'refuse'
    }
  }
}

function compile(of: SiteState): Rules {
  const { paths, exceptPaths } = of
  return {
    of,
    isClosed: paths.length === 0 ? () => true : createClosingPaths(paths),
    isExcepted: createOpeningPaths(exceptPaths)
  }
}

// Nobody can see what is done over a connection of another protocol.
function isSafe({ method = 'GET', headers: { upgrade } }: IncomingMessage): boolean {
  return SAFE.has(method) && upgrade === undefined
}
