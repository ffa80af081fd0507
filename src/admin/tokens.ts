import { InputError } from '../errors.ts'
import { createTokenLookup, type Token } from '../token-digests.ts'

/** A token that opens the admin API: itself, or its SHA-256 so that the settings hold no secret. */
export type AdminToken = Token

/** Finds whose token an Authorization field holds. */
export type TokenCheck = (authorization: string) => { name: string | null } | undefined

const BEARER = /^bearer +([\x21-\x7e]{1,1024})$/i

/** @throws InputError when there is no token, or one that cannot be sent */
export function createTokenCheck(tokens: readonly AdminToken[]): TokenCheck {
  if (!Array.isArray(tokens) || tokens.length === 0) {
    throw new InputError('tokens', tokens, 'a list of at least one token')
  }
  const find = createTokenLookup('tokens', tokens)
  return (authorization) => {
    const token = BEARER.exec(authorization)?.[1]
    return token === undefined ? undefined : find(token)
  }
}
