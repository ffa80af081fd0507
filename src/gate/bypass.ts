import type { IncomingMessage } from 'node:http'
import { isAcmeChallenge } from '../acme-challenge.ts'
import { createAddressRanges } from '../address-ranges.ts'
import { bypassCookies, shownBy } from '../bypass-traces.ts'
import { InputError } from '../errors.ts'
import { isPathRule, PATH_RULE_ALLOWED } from '../path-rule.ts'
import { createClientAddress } from '../peer.ts'
import { createTokenLookup, type Token } from '../token-digests.ts'
import { createOpeningPaths, type PathMatch } from './path-rules.ts'

/** Who is let in while a site is closed. */
export interface BypassOptions {
  /**
   * Clients at these addresses: IP addresses and CIDR ranges. The address is that of the connection, or, when that is
   * one of `trustProxy`, the right-most entry of X-Forwarded-For that is none of them. Default none.
   */
  bypassAddresses?: readonly string[]
  /** These paths, such as `/healthz`, or `/static/*` for all below; exactly so, without any escape. Default none. */
  bypassPaths?: readonly string[]
  /** Machines that send one of these tokens as `Intermission-Bypass`, or `{ sha256, name }` of it. Default none. */
  bypassTokens?: readonly Token[]
  /** Proxies in front of us, whose X-Forwarded-For is believed: addresses, CIDR ranges, `unix`. Default none. */
  trustProxy?: readonly string[]
}

/** Whether a token is that of a bypass link which is good now. */
export type LinkCheck = (token: string) => boolean

/** Whether a request may pass although the site is closed. */
export type Bypass = (request: IncomingMessage, target: string) => boolean

/** Longer than any token of ours. */
const LONGEST_TOKEN = 1024
/** A browser has two at most; whoever sends more gets no more work for it. */
const MOST_COOKIES = 4

/**
 * @param isGoodLink knows the signed links
 * @throws InputError that names the option
 */
export function createBypass(options: BypassOptions, isGoodLink: LinkCheck): Bypass {
  const { bypassAddresses = [], bypassTokens = [], trustProxy = [] } = options
  const addresses = createAddressRanges('bypassAddresses', list('bypassAddresses', bypassAddresses))
  const addressOf = createClientAddress(list('trustProxy', trustProxy))
  const findToken = createTokenLookup('bypassTokens', bypassTokens)
  const isOpenPath = openingPaths('bypassPaths', options.bypassPaths)

  function hasAddress(request: IncomingMessage): boolean {
    if (bypassAddresses.length === 0) return false
    const address = addressOf(request)
    return address !== null && addresses.has(address)
  }

  function hasToken(token: string | string[] | undefined): boolean {
    if (typeof token !== 'string' || token.length > LONGEST_TOKEN) return false
    return findToken(token) !== undefined || isGoodLink(token)
  }

  function hasCookie(cookie: string): boolean {
    if (cookie === '') return false
    const tokens = bypassCookies(cookie).slice(0, MOST_COOKIES)
    return tokens.some((token) => token.length <= LONGEST_TOKEN && isGoodLink(token))
  }

  return (request, target) => {
    if (isAcmeChallenge(target) || isOpenPath(target) || hasAddress(request)) return true
    const { token, cookie } = shownBy(request)
    return hasToken(token) || hasCookie(cookie)
  }
}

/** @throws InputError that names the option and the rule */
export function openingPaths(field: string, rules: readonly string[] = []): PathMatch {
  for (const rule of list(field, rules))
    if (!isPathRule(rule)) throw new InputError(field, rule, PATH_RULE_ALLOWED)
  return createOpeningPaths(rules)
}

function list<T>(field: string, value: readonly T[]): readonly T[] {
  if (!Array.isArray(value)) throw new InputError(field, value, 'a list')
  return value
}
