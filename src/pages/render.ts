/** What may stand in a page as `{{name}}`. */
export interface PageValues {
  status: number
  title: string
  message: string | null
  reason: string | null
  until: string | null
  retryAfterSeconds: number | null
  requestId: string | null
  site: string
}

/** A page cut at its placeholders. The text is kept as bytes (one character a byte), so that any encoding survives. */
export interface Template {
  readonly literals: readonly string[]
  readonly slots: readonly (keyof PageValues)[]
  /** How often it has to be filled: never, for every state, or for every request. */
  readonly varies: 'never' | 'state' | 'request'
  /** Placeholders that mean nothing here. They stay as they are. */
  readonly unknown: readonly string[]
}

const PLACEHOLDER = /\{\{\s*([A-Za-z][\w-]*)\s*\}\}/g
const NAMES: ReadonlySet<string> = new Set<keyof PageValues>([
  'status',
  'title',
  'message',
  'reason',
  'until',
  'retryAfterSeconds',
  'requestId',
  'site'
])
const ESCAPES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;'
}

/** Cuts a page, given as one character a byte, at its placeholders. */
export function parseTemplate(source: string): Template {
  const literals: string[] = []
  const slots: (keyof PageValues)[] = []
  const unknown: string[] = []
  let from = 0
  for (const match of source.matchAll(PLACEHOLDER)) {
    const name = match[1]!
    if (!NAMES.has(name)) {
      unknown.push(name)
      continue
    }
    literals.push(source.slice(from, match.index))
    slots.push(name as keyof PageValues)
    from = match.index + match[0].length
  }
  literals.push(source.slice(from))
  const perRequest = slots.includes('requestId') || slots.includes('retryAfterSeconds')
  return { literals, slots, unknown, varies: perRequest ? 'request' : slots.length > 0 ? 'state' : 'never' }
}

/** Fills a page; values are escaped for HTML text and quoted attributes. The result is one character a byte. */
export function fillTemplate(template: Template, values: PageValues): string {
  let text = template.literals[0]!
  for (const [index, slot] of template.slots.entries()) {
    text += toBytes(escapeHtml(String(values[slot] ?? ''))) + template.literals[index + 1]!
  }
  return text
}

/** Escapes for HTML text and for attribute values in either kind of quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!)
}

/** UTF-8 as a string of one character a byte: its length is the Content-Length and node writes it with the head. */
export function toBytes(text: string): string {
  return /[^\x00-\x7f]/.test(text) ? Buffer.from(text, 'utf8').toString('latin1') : text
}
