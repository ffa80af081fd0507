import { createHash, timingSafeEqual } from 'node:crypto'
import { InputError } from '../errors.ts'

/** A token that opens the admin API: itself, or its SHA-256 so that the settings hold no secret. */
export type AdminToken = string | { sha256: string; name?: string }

/** Finds whose token an Authorization field holds. */
export type TokenCheck = (authorization: string) => { name: string | null } | undefined

// RFC 6750 section 2.1; wider than b64token, because people choose their own.
const TOKEN = /^[\x21-\x7e]{1,1024}$/
const BEARER = /^bearer +([\x21-\x7e]{1,1024})$/i
const SHA256_HEX = /^[0-9a-f]{64}$/i

/**
 * Prepares the comparison of bearer tokens. Digests are compared, every one of them and in constant time, so that the
 * time says nothing about a token.
 *
 * @throws InputError when there is no token, or one that cannot be sent
 */
export function createTokenCheck(tokens: readonly AdminToken[]): TokenCheck {
  if (!Array.isArray(tokens) || tokens.length === 0) {
    throw new InputError('tokens', tokens, 'a list of at least one token')
  }
  const known = tokens.map(readToken)
  return function check(authorization) {
    const token = BEARER.exec(authorization)?.[1]
    if (token === undefined) return undefined
    const digest = sha256(token)
    let found: { name: string | null } | undefined
    for (const each of known) if (timingSafeEqual(each.digest, digest)) found = each
    return found
  }
}

function readToken(token: AdminToken): { digest: Buffer; name: string | null } {
  if (typeof token === 'string') {
    // The value stays out of the message: messages are logged.
    if (!TOKEN.test(token))
      throw new InputError('tokens', '...', '1 to 1024 visible ASCII characters without spaces')
    return { digest: sha256(token), name: null }
  }
  if (typeof token?.sha256 !== 'string' || !SHA256_HEX.test(token.sha256)) {
    throw new InputError('tokens', '...', 'a token, or { sha256 } with its digest in 64 hexadecimal digits')
  }
  return { digest: Buffer.from(token.sha256, 'hex'), name: token.name ?? null }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
