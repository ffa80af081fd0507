// Field by field: a style takes no zone.
const TIME = new Intl.DateTimeFormat(undefined, {
  ...{ year: 'numeric', month: 'short', day: 'numeric' },
  ...{ hour: 'numeric', minute: '2-digit', timeZoneName: 'short' }
})
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })
const RELATIVE = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

/** The operator's own zone, such as Europe/Berlin. */
export const zone = TIME.resolvedOptions().timeZone

/** A point in time in the operator's own zone, which is named. */
export function time(iso) {
  return iso === null ? '' : TIME.format(new Date(iso))
}

export function clock(ms) {
  return CLOCK.format(new Date(ms))
}

/** How far a point in time is away: "in 25 minutes". */
export function distance(iso) {
  const minutes = Math.round((Date.parse(iso) - Date.now()) / 60_000)
  if (Math.abs(minutes) < 100) return RELATIVE.format(minutes, 'minute')
  const hours = Math.round(minutes / 60)
  return Math.abs(hours) < 48
    ? RELATIVE.format(hours, 'hour')
    : RELATIVE.format(Math.round(hours / 24), 'day')
}

/** What is shown of those that are not over: "3, the oldest for 12 s". */
export function inFlight(count, oldestMs) {
  return oldestMs === null || count === 0
    ? `${count}`
    : `${count}, the oldest for ${Math.round(oldestMs / 1000)} s`
}

/** What a drain waits for: "3 requests in flight, and 1 given up that the app may still be working on". */
export function waitedFor({ inFlight, abandoned }) {
  const givenUp = abandoned > 0 ? `, and ${abandoned} given up that the app may still be working on` : ''
  return `${inFlight} requests in flight${givenUp}`
}
