import { createHash, timingSafeEqual } from 'node:crypto'
import { HIDDEN, InputError } from './errors.ts'

/** A secret token: itself, or its SHA-256 so that the settings hold no secret. */
export type Token = string | { sha256: string; name?: string }

/** Finds out whether a text is one of the tokens, and which. */
export type TokenLookup<T extends Token> = (text: string) => T | undefined

/** What a token may be. It travels in a field (RFC 9110 section 5.5), and a shorter one could be guessed. */
export const TOKEN_ALLOWED = '16 to 512 visible ASCII characters without spaces'
const TOKEN = /^[\x21-\x7e]{16,512}$/
// Whoever gives a digest alone may have chosen otherwise.
const LONGEST_SENT = 1024
const SHA256_HEX = /^[0-9a-f]{64}$/i

/**
 * Prepares the comparison of tokens. Digests are compared, every one of them and in constant time, so that the time says
 * nothing about a token.
 *
 * @param field what to call the list in an error
 * @throws InputError for a token that is too short or cannot be sent
 */
export function createTokenLookup<T extends Token>(field: string, tokens: readonly T[]): TokenLookup<T> {
  if (!Array.isArray(tokens)) throw new InputError(field, tokens, 'a list of tokens')
  const known = tokens.map((token) => ({ token, digest: readToken(field, token) }))
  return function find(text) {
    if (known.length === 0 || text.length > LONGEST_SENT) return undefined
    const digest = sha256(text)
    let found: T | undefined
    for (const each of known) if (timingSafeEqual(each.digest, digest)) found = each.token
    return found
  }
}

function readToken(field: string, token: Token): Buffer {
  if (typeof token === 'string') {
    // The value stays out of the message: messages are logged.
    if (!isToken(token)) throw new InputError(field, HIDDEN, TOKEN_ALLOWED)
    return sha256(token)
  }
  if (typeof token?.sha256 !== 'string' || !SHA256_HEX.test(token.sha256)) {
    const value = token === undefined ? token : HIDDEN
    throw new InputError(field, value, 'a token, or { sha256 } with its digest in 64 hexadecimal digits')
  }
  return Buffer.from(token.sha256, 'hex')
}

/** Whether a text may be a token. */
export function isToken(text: string): boolean {
  return TOKEN.test(text)
}

/** The SHA-256 of a text. */
export function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
