import { createPaint, instant, listOf, type Paint, plain, row, type Said } from './describe-text.ts'

const DEFAULT_SITE = 'default'

export interface DescribeOptions {
  color: boolean
  /** Milliseconds since the epoch. Default: Date.now. */
  nowMs?: number
  /** Further lines of a site. Default: none. */
  more?: (site: Said) => string[]
}

/** The documents in an answer about the mode: that of the only site, or those of all. */
export function sitesOf(answer: Said): Said[] {
  return Array.isArray(answer.sites) ? listOf(answer.sites) : [answer]
}

/** What sites do with their requests, in lines. */
export function describeSites(
  sites: readonly Said[],
  { color, nowMs = Date.now(), more = () => [] }: DescribeOptions
): string[] {
  const paint = createPaint(color)
  const width = Math.max(...sites.map(({ site }) => plain(site).length))
  return sites.flatMap((site) => {
    const isAlone = sites.length === 1 && (site.site === DEFAULT_SITE || site.site === undefined)
    const name = isAlone ? '' : `${plain(site.site).padEnd(width)}  `
    return [name + headOf(site, paint, nowMs), ...closureOf(site, paint, nowMs), ...more(site)]
  })
}

function headOf({ mode, since, by, revision }: Said, paint: Paint, nowMs: number): string {
  const head = [paint(plain(mode), mode === 'live' ? 'green' : 'yellow')]
  // A site that nobody has touched is not live since its start.
  if (since && revision !== 0) head.push(`since ${instant(since, nowMs)}`)
  if (by) head.push(`by ${plain(by)}`)
  return head.join(' ')
}

function closureOf(site: Said, paint: Paint, nowMs: number): string[] {
  const { message, reason, until, retryAfterSeconds, paths, exceptPaths, maxWaitMs, revision } = site
  return [
    ...row('message', message),
    ...row('reason', reason),
    ...row('closed', words(paths)),
    ...row('open', words(exceptPaths)),
    ...row('waits', typeof maxWaitMs === 'number' && `${maxWaitMs / 1000} s at most`),
    ...(until ? [untilRow(site, paint, nowMs)] : []),
    ...row('retry after', retryAfterSeconds && `${plain(retryAfterSeconds)} s`),
    ...row('revision', revision)
  ]
}

function untilRow({ until, onExpiry, overdue }: Said, paint: Paint, nowMs: number): string {
  const [line = ''] = row('until', `${instant(until, nowMs)}, then ${plain(onExpiry ?? 'leave')}`)
  return overdue === true ? `${line} ${paint('overdue', 'red')}` : line
}

function words(list: unknown): string {
  return Array.isArray(list) ? list.map(plain).join(' ') : ''
}
