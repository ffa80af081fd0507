import { InputError, IntermissionError } from '../errors.ts'
import { initialDocument, parseDocument, type StateDocument } from './document.ts'
import { readFields } from './fields.ts'
import type { Change } from './history.ts'
import { type BypassLink, MOST_LINKS, parseLink } from './link.ts'
import { type MaintenanceWindow, MOST_WINDOWS, parseWindow } from './window.ts'

/** All that is shared, for all sites, with one counter. Treat it as read-only: every change makes a new one. */
export interface SharedState {
  /** Counts the changes; 0 before the first. */
  revision: number
  /** The sites that somebody has touched, by name. */
  sites: Record<string, StateDocument>
  /** What is planned and not over. */
  windows: MaintenanceWindow[]
  /** The bypass links that are good. */
  links: BypassLink[]
  /** What links are signed with: 32 random bytes, base64url. A secret; null before the first link. */
  bypassKey: string | null
}

/** A next state, and how it is recorded. */
export interface Step {
  state: SharedState
  change: Change
}

/** Makes the next state of one; null when nothing would change. */
export type Transition = (state: SharedState) => Step | null

const MOST_SITES = 1000
// With the longest history beside it, a state file is below 1 MiB.
const LARGEST_BYTES = 700 * 1024
// Left free by windows and links, so that a site can be closed however many there are.
const RESERVED_BYTES = 100 * 1024
const KEY = /^[A-Za-z0-9_-]{43}$/

/** Nothing has happened yet. */
export function emptyState(): SharedState {
  return { revision: 0, sites: {}, windows: [], links: [], bypassKey: null }
}

/** The document of a site; undefined when nobody has touched it. */
export function storedDocument(state: SharedState, site: string): StateDocument | undefined {
  // Not the members of every object, such as `constructor`.
  return Object.hasOwn(state.sites, site) ? state.sites[site] : undefined
}

/** The document of a site; one that nobody has touched is live since now. */
export function documentOf(state: SharedState, site: string, nowMs: number): StateDocument {
  return storedDocument(state, site) ?? initialDocument(site, nowMs)
}

/** What a change replaces. */
export interface Replacement {
  /** In place of those that their sites had; they get the new revision. */
  documents?: readonly StateDocument[]
  windows?: MaintenanceWindow[]
  links?: BypassLink[]
  bypassKey?: string
}

/** The next state, one revision on. Windows and links whose time is over are dropped on the occasion. */
export function nextState(state: SharedState, replacement: Replacement, nowMs: number): SharedState {
  const { documents = [], windows = state.windows, links = state.links, ...key } = replacement
  const revision = state.revision + 1
  const changed = documents.map((document) => [document.site, { ...document, revision }] as const)
  return {
    ...{ ...state, ...key, revision },
    sites: Object.fromEntries([...Object.entries(state.sites), ...changed]),
    windows: windows.filter(({ until }) => Date.parse(until) > nowMs),
    links: links.filter(({ expiresAt }) => Date.parse(expiresAt) > nowMs)
  }
}

/**
 * Refuses a change that makes the state too large to be kept; one that makes it smaller is always fine.
 *
 * @throws InputError
 */
export function checkSize(next: SharedState, before: SharedState): void {
  const sizeOf = (state: SharedState): number => Buffer.byteLength(JSON.stringify(state, null, 2))
  const plansOf = ({ windows, links }: SharedState): number => windows.length + links.length
  const largest = plansOf(next) > plansOf(before) ? LARGEST_BYTES - RESERVED_BYTES : LARGEST_BYTES
  const bytes = sizeOf(next)
  if (bytes <= largest || bytes < sizeOf(before)) return
  const allowed = `at most ${largest} bytes for all sites, windows and links; say less, or remove some`
  throw new InputError('state', `${bytes} bytes`, allowed)
}

/**
 * Checks a state that came from outside this process. Fields that we do not know are dropped.
 *
 * @param origin where it came from, for the error
 * @throws IntermissionError ERR_STATE_UNREADABLE, which names the origin and the field
 */
export function parseSharedState(value: unknown, origin: string): SharedState {
  const fields = readFields(value, origin, 'a shared state')
  const key = fields.raw('bypassKey')
  // Without the value: it may be most of a secret.
  if (key !== null && !(typeof key === 'string' && KEY.test(key)))
    throw unreadable(origin, 'bypassKey is neither 32 bytes in base64url nor null')
  return {
    revision: fields.count('revision', 0),
    sites: parseSites(fields.raw('sites'), origin),
    windows: fields.list('windows', MOST_WINDOWS, parseWindow),
    links: fields.list('links', MOST_LINKS, parseLink),
    bypassKey: key
  }
}

/**
 * What a state file of format 1 says: sites that counted their revisions each for themselves.
 *
 * @throws IntermissionError ERR_STATE_UNREADABLE
 */
export function parseFormat1(sites: unknown, origin: string): SharedState {
  const documents = parseSites(sites, origin)
  const revision = Math.max(0, ...Object.values(documents).map((document) => document.revision))
  return { ...emptyState(), revision, sites: documents }
}

function parseSites(value: unknown, origin: string): Record<string, StateDocument> {
  if (typeof value !== 'object' || value === null) throw unreadable(origin, 'sites is not an object')
  const entries = Object.entries(value)
  if (entries.length > MOST_SITES) throw unreadable(origin, `sites are more than ${MOST_SITES}`)
  return Object.fromEntries(
    entries.map(([site, each]) => {
      const document = parseDocument(each, `${origin}: sites.${site}`)
      if (document.site !== site) throw unreadable(origin, `sites.${site} is the document of another site`)
      return [site, document] as const
    })
  )
}

function unreadable(origin: string, what: string): IntermissionError {
  return new IntermissionError('ERR_STATE_UNREADABLE', `${origin}: ${what}`)
}
