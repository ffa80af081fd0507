import { type Mode, SITE_LENGTH } from './document.ts'
import { readFields } from './fields.ts'

const ACTIONS = [
  'enter',
  'leave',
  'expire',
  'window-begin',
  'window-add',
  'window-remove',
  'link-add',
  'link-revoke',
  'forget'
] as const
const MODES: readonly Mode[] = ['live', 'maintenance', 'read-only', 'hold']

/** One change of the shared state, for the record. Long texts are cut short here. */
export interface Change {
  /** The shared revision that it made. */
  revision: number
  /** When, ISO 8601 in UTC. */
  at: string
  /** Who. */
  by: string | null
  /** Why. */
  reason: string | null
  /** What was done. */
  action: (typeof ACTIONS)[number]
  /** The window, the link or the member that it is about. */
  subject: string | null
  /** The sites that it changed or is meant for; empty means every site. Of very many only the first. */
  sites: string[]
  /** The mode that was entered or planned; null when it was about something else. */
  mode: Mode | null
  /** What visitors are told; null when nothing was said. */
  message: string | null
  /** When what was entered, planned or made ends, ISO 8601 in UTC; null without an end. */
  until: string | null
}

/** How many changes are kept. */
export const MOST_CHANGES = 100

// So that 100 changes of the longest texts always fit into a state file beside the largest state.
const LONGEST_TEXT = 200
const LONGEST_NAME = 100
const MOST_SITES = 5

/** A change as it is recorded. */
export function createChange(
  change: Pick<Change, 'revision' | 'action'> & Partial<Change>,
  nowMs: number
): Change {
  const { sites = [] } = change
  return {
    revision: change.revision,
    at: new Date(nowMs).toISOString(),
    by: shorten(change.by, LONGEST_NAME),
    reason: shorten(change.reason, LONGEST_TEXT),
    action: change.action,
    subject: change.subject ?? null,
    sites: sites.length > MOST_SITES ? [...sites.slice(0, MOST_SITES - 1), '…'] : [...sites],
    mode: change.mode ?? null,
    message: shorten(change.message, LONGEST_TEXT),
    until: change.until ?? null
  }
}

/** The changes that are kept when one more is made, newest first. */
export function withChange(history: readonly Change[], change: Change): Change[] {
  return [change, ...history].slice(0, MOST_CHANGES)
}

/**
 * Checks a recorded change that came from outside this process.
 *
 * @throws IntermissionError ERR_STATE_UNREADABLE, which names the origin and the field
 */
export function parseChange(value: unknown, origin: string): Change {
  const fields = readFields(value, origin, 'a change')
  return {
    revision: fields.count('revision', 0),
    at: fields.instant('at'),
    by: shorten(fields.text('by'), LONGEST_NAME),
    reason: shorten(fields.text('reason'), LONGEST_TEXT),
    action: fields.oneOf('action', ACTIONS),
    subject: fields.orNull('subject', (field) => fields.name(field, 50)),
    sites: fields.texts('sites', MOST_SITES).map((site) => site.slice(0, SITE_LENGTH)),
    mode: fields.orNull('mode', (field) => fields.oneOf(field, MODES)),
    message: shorten(fields.text('message'), LONGEST_TEXT),
    until: fields.orNull('until', fields.instant)
  }
}

function shorten(text: string | null | undefined, longest: number): string | null {
  if (text == null || text.length <= longest) return text ?? null
  // Not in the middle of a character.
  return `${text.slice(0, longest - 1).replace(/\p{Surrogate}$/u, '')}…`
}
