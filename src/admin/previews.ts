import { randomUUID } from 'node:crypto'
import { parseDurationMs } from '../duration.ts'
import { InputError, notFound } from '../errors.ts'
import type { AdminRoute } from './route.ts'
import { PREVIEW_BODY } from './schemas.ts'

/** What a preview is made of. */
export interface PreviewRequest {
  /** The name of the site. */
  site: string
  /** The mode that is thought of. */
  mode: 'maintenance' | 'read-only' | 'hold'
  /** What visitors would be told; null for the words of the page. */
  message: string | null
  /** When it would end, ISO 8601 in UTC; null for an open end. */
  until: string | null
  /** The language that a visitor asks for, as in Accept-Language. */
  language: string
}

/** A page as visitors would get it. */
export interface PreviewPage {
  /** The page, in UTF-8. */
  html: Buffer
  /** Its Content-Type. */
  contentType: string
  /** The Content-Security-Policy it would have; null for none. */
  policy: string | null
}

/** Pages that are looked at before they are shown to anybody. */
export interface Previews {
  readonly route: AdminRoute
  /** A page that was made a moment ago. */
  find(id: string): PreviewPage | undefined
}

const MODES = ['maintenance', 'read-only', 'hold'] as const
const LONGEST_MESSAGE = 2000
/** A frame cannot send a token, so it shows a page by a name that nobody can guess, and not for long. */
const GOOD_FOR_MS = 60_000
const MOST_PAGES = 32

/** @param render makes the page; undefined for a site that is not known */
export function createPreviews(
  render: (request: PreviewRequest) => PreviewPage | undefined,
  now: () => number = Date.now
): Previews {
  const pages = new Map<string, { page: PreviewPage; endMs: number }>()
  return {
    route: {
      method: 'POST',
      path: '/preview',
      summary: 'make the page that visitors would get; it can be looked at for a minute',
      body: PREVIEW_BODY,
      answers: { 201: ['made', 'Preview'] },
      run({ body }) {
        const request = requestOf(body, now())
        const page = render(request)
        if (page === undefined) throw notFound('site', request.site)
        const id = randomUUID()
        const [oldest] = pages.keys()
        if (pages.size >= MOST_PAGES && oldest !== undefined) pages.delete(oldest)
        pages.set(id, { page, endMs: now() + GOOD_FOR_MS })
        return { status: 201, content: { path: `preview/${id}` } }
      }
    },
    find(id) {
      const found = pages.get(id)
      return found === undefined || found.endMs < now() ? undefined : found.page
    }
  }
}

function requestOf(body: Readonly<Record<string, unknown>>, nowMs: number): PreviewRequest {
  const { site = 'default', mode = 'maintenance', message = null, language = 'en' } = body
  if (typeof site !== 'string') throw new InputError('site', site, 'the name of a site')
  if (!MODES.some((one) => one === mode)) throw new InputError('mode', mode, MODES.join(', '))
  if (message !== null && (typeof message !== 'string' || message.length > LONGEST_MESSAGE))
    throw new InputError('message', message, `a text of at most ${LONGEST_MESSAGE} characters`)
  if (typeof language !== 'string' || !/^[a-z0-9-]{2,35}$/i.test(language))
    throw new InputError('language', language, 'a language such as fr')
  return { site, mode: mode as PreviewRequest['mode'], message, until: untilOf(body, nowMs), language }
}

function untilOf(body: Readonly<Record<string, unknown>>, nowMs: number): string | null {
  if (body.for !== undefined) return new Date(nowMs + parseDurationMs(body.for, 'for')).toISOString()
  if (body.until === undefined) return null
  const ms = typeof body.until === 'string' ? Date.parse(body.until) : Number.NaN
  if (Number.isNaN(ms))
    throw new InputError('until', body.until, 'an ISO 8601 time such as 2030-01-31T09:00Z')
  return new Date(ms).toISOString()
}
