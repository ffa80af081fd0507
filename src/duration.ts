import { InputError } from './errors.ts'

const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const UNITS = '(?:\\d+(?:\\.\\d+)?(?:ms|s|m|h|d))'
const COMPACT = new RegExp(`^${UNITS}+$`)
const PART = /(\d+(?:\.\d+)?)(ms|s|m|h|d)/g
// ISO 8601-1 section 5.5.2.4, without years and months, whose length is not fixed.
const ISO = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/
const LONGEST_MS = 366 * UNIT_MS.d!

export const DURATION_ALLOWED = 'a duration with a unit such as 500ms, 30s, 5m, 1h30m or PT5M'

/**
 * Reads a duration such as `500ms`, `30s`, `5m`, `1h30m` or `PT5M`.
 *
 * @param field what to call the value in the error
 * @returns whole milliseconds
 * @throws InputError for anything else; a bare number is refused because its unit is a guess
 */
export function parseDurationMs(value: unknown, field: string): number {
  const ms = typeof value === 'string' ? (compactMs(value) ?? isoMs(value)) : undefined
  if (ms === undefined || ms > LONGEST_MS)
    throw new InputError(field, value, `${DURATION_ALLOWED}, at most 366d`)
  return Math.round(ms)
}

/** Writes milliseconds the way {@link parseDurationMs} reads them: `90000` is `1m30s`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  let rest = Math.round(ms / 1000)
  let text = ''
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
    ['s', 1]
  ] as const) {
    const count = Math.floor(rest / seconds)
    if (count > 0) text += `${count}${unit}`
    rest -= count * seconds
  }
  return text
}

function compactMs(text: string): number | undefined {
  if (!COMPACT.test(text)) return undefined
  let ms = 0
  for (const [, count, unit] of text.matchAll(PART)) ms += Number(count) * UNIT_MS[unit!]!
  return ms
}

function isoMs(text: string): number | undefined {
  const match = ISO.exec(text)
  if (!match || text === 'P' || text.endsWith('T')) return undefined
  const [, days = 0, hours = 0, minutes = 0, seconds = 0] = match
  return (
    Number(days) * 86_400_000 + Number(hours) * 3_600_000 + Number(minutes) * 60_000 + Number(seconds) * 1000
  )
}
