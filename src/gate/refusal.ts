import type { Site } from './site.ts'

/** What a visitor is told whom the gate does not let in. */
interface ToldRefused {
  status: 503
  reason: string
  message: string | null
  until: string | null
  retryAfterSeconds: number
  site: string
  requestId: string
}

const STARTING_RETRY_SECONDS = 5

/** @param secondsLeft asked where the mode is known */
export function refusalOf(
  { isKnown, state }: Pick<Site, 'isKnown' | 'state'>,
  secondsLeft: () => number,
  reason: string,
  requestId: string
): ToldRefused {
  return {
    status: 503,
    reason,
    message: isKnown ? state.message : null,
    until: isKnown ? state.until : null,
    retryAfterSeconds: isKnown ? secondsLeft() : STARTING_RETRY_SECONDS,
    site: state.site,
    requestId
  }
}
