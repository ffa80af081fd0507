/** What may stand in a page as `{{name}}`, and in `{{#name}}...{{/name}}` or `{{^name}}...{{/name}}`. */
export const PLACEHOLDERS = [
  'status',
  'title',
  'message',
  'reason',
  'until',
  'untilText',
  'retryAfterSeconds',
  'requestId',
  'site',
  'safe',
  'notSent',
  'maybeSent'
] as const

export type Value = string | number | boolean | null | undefined
export type PageValues = Record<(typeof PLACEHOLDERS)[number], Value>

/** A piece of a page: text as it is, a value to fill in, or the start of a part that is left out for some values. */
type Piece =
  | { text: string }
  | { name: string }
  /** `end` is the index of the first piece behind the part. */
  | { name: string; shownWhen: boolean; end: number }

/** A page cut at its placeholders. The text is kept as bytes (one character a byte), so that any encoding survives. */
export interface Template {
  readonly pieces: readonly Piece[]
  /** Names that are used. */
  readonly names: ReadonlySet<string>
  /** Names that mean nothing here, and parts without an end, in words. They stay in the page as they are. */
  readonly problems: readonly string[]
}

const TAG = /\{\{([#^/]?)\s*([A-Za-z][\w-]*)\s*\}\}/g
const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

/**
 * Cuts a page, given as one character a byte, at its placeholders. The syntax is the part of Mustache that explains
 * itself: values and sections.
 *
 * @param known names that mean something; whatever stands for another one is text
 */
export function parseTemplate(source: string, known: readonly string[] = PLACEHOLDERS): Template {
  const pieces: Piece[] = []
  const names = new Set<string>()
  const problems: string[] = []
  const open: { tag: string; name: string; start: number }[] = []
  let from = 0
  for (const match of source.matchAll(TAG)) {
    const [tag, kind, name = ''] = match
    const begun = open.at(-1)
    if (!known.includes(name)) problems.push(`unknown placeholder ${tag}`)
    else if (kind === '/' && begun?.name !== name) problems.push(`${tag} ends nothing`)
    else {
      if (match.index > from) pieces.push({ text: source.slice(from, match.index) })
      from = match.index + tag.length
      names.add(name)
      if (kind === '/') {
        Object.assign(pieces[begun!.start]!, { end: pieces.length })
        open.pop()
      } else if (kind === '') pieces.push({ name })
      else {
        open.push({ tag, name, start: pieces.length })
        pieces.push({ name, shownWhen: kind === '#', end: 0 })
      }
    }
  }
  if (from < source.length) pieces.push({ text: source.slice(from) })
  for (const { tag, start } of open) {
    problems.push(`${tag} has no end`)
    pieces[start] = { text: tag }
  }
  return { pieces, names, problems }
}

/** Fills a page; values are escaped for HTML text and quoted attributes. The result is one character a byte. */
export function fillTemplate({ pieces }: Template, values: Readonly<Record<string, Value>>): string {
  let text = ''
  for (let index = 0; index < pieces.length; index++) {
    const piece = pieces[index]!
    if ('text' in piece) text += piece.text
    else if (!('end' in piece)) text += toBytes(escapeHtml(values[piece.name]))
    else if (isSet(values[piece.name]) !== piece.shownWhen) index = piece.end - 1
  }
  return text
}

function isSet(value: Value): boolean {
  return value !== null && value !== undefined && value !== '' && value !== false
}

function escapeHtml(value: Value): string {
  return isSet(value) ? String(value).replace(/[&<>"']/g, (character) => ESCAPES[character]!) : ''
}

/** UTF-8 as a string of one character a byte: its length is the Content-Length and node writes it with the head. */
export function toBytes(text: string): string {
  return /[^\x00-\x7f]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text
}
