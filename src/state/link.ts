import { SITE_LENGTH } from './document.ts'
import { readFields } from './fields.ts'

/** The right of whoever has the link to pass the gate. The link itself is not kept anywhere. */
export interface BypassLink {
  /** What it is called when it is taken back. */
  id: string
  /** Null: every site. */
  site: string | null
  /** What the operators call it. */
  label: string | null
  /** Who made it. */
  by: string | null
  /** When it was made, ISO 8601 in UTC. */
  createdAt: string
  /** When it ends, ISO 8601 in UTC. */
  expiresAt: string
}

export const MOST_LINKS = 1000

export function parseLink(value: unknown, origin: string): BypassLink {
  const fields = readFields(value, origin, 'a bypass link')
  return {
    id: fields.name('id', 50),
    site: fields.orNull('site', (field) => fields.name(field, SITE_LENGTH)),
    label: fields.text('label'),
    by: fields.text('by'),
    createdAt: fields.instant('createdAt'),
    expiresAt: fields.instant('expiresAt')
  }
}
