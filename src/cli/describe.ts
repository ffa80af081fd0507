// From a gateway that may be newer or older than this command: a field that is missing is not shown, and none can move
// the cursor of a terminal.

const GREEN = 32
const YELLOW = 33

/** What {@link describeMode} takes care of. */
export const MODE_FIELDS: ReadonlySet<string> = new Set([
  'mode',
  'since',
  'by',
  'message',
  'reason',
  'until',
  'onExpiry',
  'retryAfterSeconds',
  'revision'
])

/** The state document for people, in lines. */
export function describeMode(document: Record<string, unknown>, color: boolean): string[] {
  const { mode, since, by, message, reason, until, onExpiry, retryAfterSeconds, revision } = document
  const head = [paint(plain(mode), mode === 'live' ? GREEN : YELLOW, color)]
  if (since && revision !== 0) head.push(`since ${plain(since)}`)
  if (by) head.push(`by ${plain(by)}`)
  return [
    head.join(' '),
    ...row('message', message),
    ...row('reason', reason),
    ...row('until', until && `${plain(until)}, then ${onExpiry === 'stay' ? 'stay' : 'leave'}`),
    ...row('retry after', retryAfterSeconds && `${plain(retryAfterSeconds)}s`),
    ...row('revision', revision)
  ]
}

/** `  name: value`, or nothing where there is no value. */
export function row(name: string, value: unknown): string[] {
  const nothing =
    value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0)
  return nothing ? [] : [`  ${name}: ${plain(value)}`]
}

/** A line for each upstream: where it is, and whether it is there and well. */
export function describeUpstreams(upstreams: unknown): string[] {
  if (!Array.isArray(upstreams)) return []
  return upstreams.flatMap((upstream: Record<string, unknown> | null) => {
    const { name, breaker, isHealthy, busy } = upstream ?? {}
    const state = breaker === 'closed' ? (isHealthy === false ? 'unhealthy' : 'reachable') : 'unreachable'
    return row('upstream', `${plain(name)} ${state}, ${plain(busy)} busy`)
  })
}

function plain(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.replace(/[\0-\x1f\x7f-\x9f]+/g, ' ')
}

function paint(text: string, code: number, color: boolean): string {
  return color ? `\x1b[${code}m${text}\x1b[39m` : text
}
