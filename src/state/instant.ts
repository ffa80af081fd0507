// RFC 3339 section 5.6 with the seconds optional: a time without a zone would mean another moment on another machine.
const INSTANT = /^(\d{4})-(\d\d)-(\d\d)T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/

export const INSTANT_ALLOWED = 'an ISO 8601 time with a zone such as 2030-01-31T09:00:00Z'

/**
 * Reads an ISO 8601 time that has a zone.
 *
 * @returns milliseconds since the epoch, or undefined for anything else, 30 February included
 */
export function parseInstant(value: unknown): number | undefined {
  if (typeof value !== 'string') return undefined
  const match = INSTANT.exec(value)
  if (!match) return undefined
  const ms = Date.parse(value)
  if (Number.isNaN(ms)) return undefined
  // Date.parse turns 30 February into 1 March.
  const daysInMonth = new Date(Date.UTC(Number(match[1]), Number(match[2]), 0)).getUTCDate()
  return Number(match[3]) <= daysInMonth ? ms : undefined
}
