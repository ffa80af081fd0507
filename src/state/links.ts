import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { InputError, notFound } from '../errors.ts'
import { createChange } from './history.ts'
import { type BypassLink, MOST_LINKS } from './link.ts'
import {
  CHANGE_FIELDS,
  type ChangeRequest,
  checkFields,
  checkRevision,
  readDuration,
  readText
} from './request.ts'
import { nextState, type SharedState, type Step } from './shared-state.ts'

/** What somebody who makes a bypass link may say. A field that is null counts as not given. */
export interface LinkRequest extends ChangeRequest {
  /** How long it opens the gate, 1s to 366d. Default: 12h. */
  for?: string
  /** What to call it, plain text. Default: nothing. */
  label?: string
  /** Default: every site. */
  site?: string
}

const LINK_FIELDS: ReadonlySet<string> = new Set([...CHANGE_FIELDS, 'for', 'label', 'site'])
const DEFAULT_MS = 12 * 3_600_000
// ID.EXPIRY.HMAC is far shorter; what is longer is not looked at.
const LONGEST_TOKEN = 200

/**
 * Makes a bypass link; its token is {@link tokenOf}.
 *
 * @param id the name of the new link
 * @throws InputError that names the refused field; IntermissionError ERR_STATE_CONFLICT
 */
export function addLink(
  state: SharedState,
  id: string,
  request: LinkRequest,
  nowMs: number
): { step: Step; link: BypassLink } {
  checkFields(request, LINK_FIELDS)
  const lengthMs = request.for == null ? DEFAULT_MS : readDuration('for', request.for, 1000)
  const link: BypassLink = {
    ...{ id, site: request.site ?? null, label: readText('label', request.label) },
    by: readText('by', request.by),
    createdAt: new Date(nowMs).toISOString(),
    // In whole seconds, as in the token.
    expiresAt: new Date(Math.ceil((nowMs + lengthMs) / 1000) * 1000).toISOString()
  }
  const reason = readText('reason', request.reason)
  checkRevision('the state', state.revision, request.ifRevision)
  const bypassKey = state.bypassKey ?? randomBytes(32).toString('base64url')
  const next = nextState(state, { links: [...state.links, link], bypassKey }, nowMs)
  if (next.links.length > MOST_LINKS)
    throw new InputError('for', request.for, `at most ${MOST_LINKS} links; revoke some`)
  return { step: { state: next, change: recordOf(next, link, 'link-add', link.by, reason, nowMs) }, link }
}

/**
 * Takes back a link: from now on it opens nothing.
 *
 * @throws InputError that names the refused field; IntermissionError ERR_NOT_FOUND, ERR_STATE_CONFLICT
 */
export function revokeLink(
  state: SharedState,
  id: string,
  request: ChangeRequest,
  nowMs: number
): { step: Step; link: BypassLink } {
  checkFields(request, CHANGE_FIELDS)
  const by = readText('by', request.by)
  const reason = readText('reason', request.reason)
  checkRevision('the state', state.revision, request.ifRevision)
  const link = state.links.find((each) => each.id === id && Date.parse(each.expiresAt) > nowMs)
  if (!link) throw notFound('bypass link', id)
  const next = nextState(state, { links: state.links.filter((each) => each !== link) }, nowMs)
  return { step: { state: next, change: recordOf(next, link, 'link-revoke', by, reason, nowMs) }, link }
}

/** The secret that a link hands out: `ID.EXPIRY.HMAC`, the HMAC-SHA256 of what is before it, in base64url. */
export function tokenOf(state: SharedState, link: BypassLink): string {
  const signed = signedOf(link)
  return `${signed}.${sign(state.bypassKey ?? '', signed).toString('base64url')}`
}

/**
 * The link that a token is of, when it is good for a site now; else null, whatever was wrong. Never throws: the token
 * comes from a stranger. Its signature is compared in constant time, and before anything in it is looked at.
 */
export function verifyToken(
  state: SharedState,
  token: unknown,
  site: string,
  nowMs: number
): BypassLink | null {
  if (typeof token !== 'string' || token.length > LONGEST_TOKEN || state.bypassKey === null) return null
  const end = token.lastIndexOf('.')
  const signed = token.slice(0, Math.max(0, end))
  const given = Buffer.from(token.slice(end + 1))
  const right = Buffer.from(sign(state.bypassKey, signed).toString('base64url'))
  // As text: several spellings of base64 mean the same bytes.
  if (given.length !== right.length || !timingSafeEqual(given, right)) return null
  const link = state.links.find((each) => signedOf(each) === signed)
  if (link === undefined || (link.site !== null && link.site !== site)) return null
  return nowMs < Date.parse(link.expiresAt) ? link : null
}

function signedOf({ id, expiresAt }: BypassLink): string {
  return `${id}.${Date.parse(expiresAt) / 1000}`
}

function sign(key: string, text: string): Buffer {
  return createHmac('sha256', Buffer.from(key, 'base64url')).update(text).digest()
}

function recordOf(
  next: SharedState,
  { id, site, label, expiresAt }: BypassLink,
  action: 'link-add' | 'link-revoke',
  by: string | null,
  reason: string | null,
  nowMs: number
): ReturnType<typeof createChange> {
  const said = {
    subject: id,
    sites: site === null ? [] : [site],
    message: label,
    until: expiresAt,
    by,
    reason
  }
  return createChange({ ...said, revision: next.revision, action }, nowMs)
}
