import type { IncomingMessage } from 'node:http'

/** The three bodies the gateway can give. */
export type Form = 'html' | 'json' | 'text'

/** The codings a page is kept in. */
export type Coding = 'br' | 'gzip' | 'identity'

interface Weighted {
  value: string
  quality: number
}

// RFC 9110 section 12.4.2; anything else makes the whole member meaningless.
const QVALUE = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/
const MEDIA_TYPES = {
  html: ['text', 'html'],
  json: ['application', 'json'],
  text: ['text', 'plain']
} as const
const SCRIPT_BODY = /^\s*application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i
const DOCUMENT_DESTINATIONS = new Set(['document', 'iframe', 'frame', 'embed', 'object'])

// A header is read up to here. Real ones are far shorter, and a longer one buys no more work.
const HEADER_LIMIT = 1000
const MEMBER_LIMIT = 32

/**
 * Chooses the body for a client: HTML for a navigation, JSON for a script, a line of text for everybody else.
 *
 * What `Accept` names outranks what the other headers hint at: a script that asks for `text/html` gets it.
 */
export function chooseForm(request: IncomingMessage): Form {
  const { headers } = request
  const dest = headers['sec-fetch-dest']
  const script =
    dest === 'empty' || (headers['content-type'] !== undefined && SCRIPT_BODY.test(contentTypeOf(request)))
  const other = typeof dest === 'string' && dest !== 'empty' && !DOCUMENT_DESTINATIONS.has(dest)
  return formOf(headers.accept ?? '', script ? 's' : other ? 'o' : 'n')
}

// As it was sent: a proxy may have hidden it in `headers` from a framework that parses bodies.
function contentTypeOf({ headers, rawHeaders }: IncomingMessage): string {
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]!.toLowerCase() === 'content-type') return rawHeaders[index + 1]!
  }
  return headers['content-type'] ?? ''
}

/** Chooses the content coding: the best of br and gzip that the client takes, br when it is indifferent. */
export function chooseCoding(header: string | string[] | undefined): Coding {
  return header === undefined ? 'identity' : codingOf(String(header))
}

/** The language ranges a client asks for, best first, each followed by its shorter forms (RFC 4647 section 3.4). */
export function languageRanges(header: string): string[] {
  const found = new Set<string>()
  for (const { value } of weighted(header)) {
    const tags = value.split('-')
    for (let length = tags.length; length > 0 && value !== '*'; length--)
      found.add(tags.slice(0, length).join('-'))
  }
  return [...found]
}

/**
 * Remembers the answers of a function of two short strings. Neither the number of answers nor the length of a key can
 * be driven up by a client.
 */
export function remember<T>(
  compute: (key: string, hint: string) => T,
  entries = 128
): (key: string, hint?: string) => T {
  const known = new Map<string, T>()
  // Most ask like the one before, and a comparison costs less than a look-up.
  let last: { key: string; hint: string; answer: T } | undefined
  return (key, hint = '') => {
    if (last !== undefined && last.key === key && last.hint === hint) return last.answer
    if (key.length > 256) return compute(key, hint)
    const full = hint + key
    let answer = known.get(full)
    if (answer === undefined) {
      answer = compute(key, hint)
      if (known.size >= entries) known.clear()
      known.set(full, answer)
    }
    last = { key, hint, answer }
    return answer
  }
}

const formOf = remember((accept, sign): Form => {
  const script = sign === 's'
  const ranges = weighted(accept, true)
  // With nothing better to go by: the order in which this kind of client would like to have them.
  const order: Form[] = script
    ? ['json', 'html', 'text']
    : sign === 'o'
      ? ['text', 'json', 'html']
      : ['html', 'json', 'text']
  if (ranges.length === 0) return order[0]!
  let best: Form = 'text'
  let bestRank = 0
  for (const form of order) {
    const rank = rankOf(form, ranges)
    if (rank > bestRank) [best, bestRank] = [form, rank]
  }
  return best
})

// The quality first, then how exactly the client named the type: `application/json, */*` means JSON.
function rankOf(form: Form, ranges: Weighted[]): number {
  let precision = 0
  let quality = 0
  for (const range of ranges) {
    const found = precisionOf(form, range.value)
    if (found > precision) [precision, quality] = [found, range.quality]
  }
  return quality === 0 ? 0 : quality * 10 + precision
}

function precisionOf(form: Form, range: string): number {
  const [type, subtype] = MEDIA_TYPES[form]
  if (range === `${type}/${subtype}`) return 3
  if (form === 'json' && range.endsWith('+json')) return 3
  if (form === 'html' && range === 'application/xhtml+xml') return 3
  if (range === `${type}/*`) return 2
  return range === '*/*' ? 1 : 0
}

const codingOf = remember((header): Coding => {
  const quality = new Map(weighted(header, true).map(({ value, quality }) => [value, quality]))
  const br = quality.get('br') ?? quality.get('*') ?? 0
  const gzip = quality.get('gzip') ?? quality.get('x-gzip') ?? quality.get('*') ?? 0
  const identity = quality.get('identity') ?? 0
  if (Math.max(br, gzip) < identity || Math.max(br, gzip) === 0) return 'identity'
  return br >= gzip ? 'br' : 'gzip'
})

// Members with their qualities, best first. Those with quality 0 stay only where a refusal means something.
function weighted(header: string, keepRefused = false): Weighted[] {
  const members: Weighted[] = []
  for (const member of header.slice(0, HEADER_LIMIT).toLowerCase().split(',', MEMBER_LIMIT)) {
    const [value = '', ...parameters] = member.split(';').map((part) => part.trim())
    const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1'
    if (value !== '' && QVALUE.test(q)) members.push({ value, quality: Number(q) })
  }
  return members.filter(({ quality }) => keepRefused || quality > 0).sort((a, b) => b.quality - a.quality)
}
