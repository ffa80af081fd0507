// What is shown comes from a gateway that may be newer or older than this command: nothing is taken for granted, and
// nothing can move the cursor of a terminal.

/** What the gateway says, of which nothing is known for sure. */
export type Said = Readonly<Record<string, unknown>>

export type Paint = (text: string, color: keyof typeof COLORS) => string

const COLORS = { red: 31, green: 32, yellow: 33, dim: 2 } as const
const NAME_WIDTH = 12
const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000]
] as const

/** Colours where a terminal wants them. */
export function createPaint(color: boolean): Paint {
  return (text, name) => (color ? `\x1b[${COLORS[name]}m${text}\x1b[${name === 'dim' ? 22 : 39}m` : text)
}

/** Any value on one line. */
export function plain(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.replace(/[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ')
}

/** `  name        value`, or nothing where there is no value. */
export function row(name: string, value: unknown): string[] {
  const nothing =
    value == null || value === '' || value === false || (Array.isArray(value) && value.length === 0)
  return nothing ? [] : [`  ${name.padEnd(NAME_WIDTH)} ${plain(value)}`]
}

/** The objects of a list; whatever else it holds is left out. */
export function listOf(value: unknown): Said[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : []
}

/** A time and how far it is from now: `2030-01-31T09:00:00Z (in 20 min)`. */
export function instant(value: unknown, nowMs: number): string {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (Number.isNaN(ms)) return plain(value)
  const text = new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')
  return `${text} (${ms > nowMs ? `in ${length(left(ms - nowMs))}` : `${length(nowMs - ms)} ago`})`
}

// What is set to end in 30 minutes is not to be shown as 29 right away.
function left(ms: number): number {
  return ms < 10_000 ? ms : Math.ceil(ms / 1000) * 1000
}

/** A length of time in its largest unit or two: `2 d 3 h`, `12 min`, `0.4 s`. */
export function length(ms: number): string {
  if (ms < 10_000) return `${Math.floor(ms / 100) / 10} s`
  const at = UNITS.findIndex(([, unitMs]) => ms >= unitMs)
  const [name, unitMs] = UNITS[at]!
  const whole = `${Math.floor(ms / unitMs)} ${name}`
  const next = UNITS[at + 1]
  const rest = next === undefined || at > 1 ? 0 : Math.floor((ms % unitMs) / next[1])
  return rest === 0 ? whole : `${whole} ${rest} ${next![0]}`
}

/** `1 request`, `2 requests`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
