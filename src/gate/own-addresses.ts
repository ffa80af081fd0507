/** The addresses of the gate itself, which are answered in every mode. */
import { answerLink, BYPASS_PATH } from './bypass-endpoint.ts'
import type { OwnAnswer, OwnRefusal } from './own-answer.ts'
import type { GoodLink } from './site.ts'
import { answerStatus, type PublicStatus, STATUS_PATH } from './status-endpoint.ts'

/** Below it are the addresses of the gateway itself. */
const OWN_PREFIX = '/.intermission/'

export interface OwnRequestLine {
  method: string
  target: string
  /** The visitor came by HTTPS. */
  isSecure(): boolean
}

export interface OwnAddressesOptions {
  /** Knows whether a token is that of a link which is good now. */
  verifyLink(token: string): GoodLink | null
  /** Of a path, or of the whole site. */
  statusOf(path: string | null): PublicStatus
}

/** Whether a target may be one of them; cheap, since it is asked for every request. */
export function mayBeOwn(target: string): boolean {
  return target.startsWith(OWN_PREFIX)
}

/** @returns undefined when the target is not one of them */
export function answerOwn(
  { method, target, isSecure }: OwnRequestLine,
  { verifyLink, statusOf }: OwnAddressesOptions
): OwnAnswer | OwnRefusal | undefined {
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  const query = new URLSearchParams(mark === -1 ? '' : target.slice(mark + 1))
  if (path === STATUS_PATH) return answerStatus(method, () => statusOf(query.get('path')))
  if (path !== BYPASS_PATH) return undefined
  return answerLink({ method, query, isSecure: isSecure(), nowMs: Date.now() }, verifyLink)
}
