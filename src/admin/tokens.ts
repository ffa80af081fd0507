import { InputError } from '../errors.ts'
import { createTokenLookup } from '../token-digests.ts'

/** What the holder of a token may do: `read` sees everything and changes nothing. */
export type TokenScope = 'read' | 'operate'

/**
 * A token that opens the admin API: itself, or its SHA-256 so that the settings hold no secret. A `name` signs the changes
 * of its holder, and `scope` is `operate` where it is not said.
 */
export type AdminToken = string | { sha256: string; name?: string; scope?: TokenScope }

/** Who holds a token. */
export interface Holder {
  name: string
  scope: TokenScope
}

/** Finds whose token an Authorization field holds. */
export type TokenCheck = (authorization: string) => Holder | undefined

const BEARER = /^bearer +([\x21-\x7e]{1,1024})$/i
const NAMELESS = 'admin'

/** @throws InputError when there is no token, one that cannot be sent, or a scope that there is not */
export function createTokenCheck(tokens: readonly AdminToken[]): TokenCheck {
  if (!Array.isArray(tokens) || tokens.length === 0) {
    throw new InputError('tokens', tokens, 'a list of at least one token')
  }
  for (const token of tokens as readonly AdminToken[]) {
    const { scope } = typeof token === 'string' ? {} : (token ?? {})
    if (scope !== undefined && scope !== 'read' && scope !== 'operate')
      throw new InputError('tokens', scope, 'the scope read or operate')
  }
  const find = createTokenLookup<AdminToken>('tokens', tokens)
  return (authorization) => {
    const text = BEARER.exec(authorization)?.[1]
    const token = text === undefined ? undefined : find(text)
    if (token === undefined) return undefined
    if (typeof token === 'string') return { name: NAMELESS, scope: 'operate' }
    return { name: token.name ?? NAMELESS, scope: token.scope ?? 'operate' }
  }
}
