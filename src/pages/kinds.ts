/** One of the situations that have words of their own. Its name is a name in page.html and in the words. */
export interface Kind {
  readonly name: string
  /** Whether the page waits for the app, and returns by itself when that answers. */
  readonly watches: boolean
  /** Whether asking once more may help, so that there is a button for it. */
  readonly again: boolean
  /**
   * Milliseconds before the page may return, although the app can be reached: what was too much a moment ago would be
   * again.
   */
  readonly restMs: number
}

const WAITING = { watches: true, again: true, restMs: 0 }
const TIRED = { ...WAITING, restMs: 12_000 }
const FINAL = { watches: false, again: false, restMs: 0 }

/** Every kind there is. */
export const KINDS: readonly Kind[] = [
  { name: 'unreachable', ...WAITING },
  { name: 'timeout', ...TIRED },
  { name: 'maintenance', ...WAITING },
  { name: 'read-only', ...WAITING },
  { name: 'hold', ...WAITING },
  { name: 'full', ...TIRED },
  { name: 'starting', ...WAITING },
  { name: 'link', ...FINAL },
  { name: 'host', ...FINAL },
  { name: 'error', ...FINAL, again: true }
]

const BY_REASON: Record<string, string> = {
  'upstream-unreachable': 'unreachable',
  'upstream-invalid-response': 'unreachable',
  'upstream-timeout': 'timeout',
  maintenance: 'maintenance',
  'read-only': 'read-only',
  'hold-timeout': 'hold',
  'hold-full': 'full',
  overloaded: 'full',
  starting: 'starting'
}

// What the gateway refuses by itself: a link that gives no right to pass, and a host that belongs to no site.
const BY_STATUS: Record<number, string> = { 403: 'link', 421: 'host' }

/** The kind of page for an answer; null when there are no words for it. */
export function kindOf(status: number, reason: string | null): Kind | null {
  const ours = reason === null ? BY_STATUS[status] : BY_REASON[reason]
  const name = ours ?? (status >= 500 ? 'error' : null)
  return KINDS.find((kind) => kind.name === name) ?? null
}
