import { createFailureBudget } from './failure-budget.ts'
import { type AdminProblem, createProblem } from './problem.ts'
import { type AdminToken, createTokenCheck, type Holder } from './tokens.ts'

/** Why somebody is not let in, and what to tell. */
export interface Refused {
  problem: AdminProblem
  headers: Readonly<Record<string, string>>
}

/** Lets in whoever holds a token. */
export interface Door {
  /**
   * @param method of the request: a token of the scope `read` opens for GET and HEAD only
   * @param authorization the field of that name
   * @param peer who sent it, for the budget of wrong tokens
   * @returns the name of the token's holder, or why not
   */
  enter(
    method: string,
    authorization: string | undefined,
    peer: string | undefined
  ): { holder: string } | Refused
}

const FIELD = 'Authorization'
const REALM = 'Bearer realm="intermission"'

/** @throws InputError when there is no token, or one that cannot be sent */
export function createDoor(tokens: readonly AdminToken[]): Door {
  const check = createTokenCheck(tokens)
  const budget = createFailureBudget()
  return {
    enter(method, authorization, peer) {
      if (authorization !== undefined) {
        const waitSeconds = budget.waitSeconds(peer)
        if (waitSeconds > 0) {
          const detail = `${FIELD}: too many wrong tokens; wait a moment.`
          const headers = { 'retry-after': String(waitSeconds) }
          return { problem: createProblem(429, detail, FIELD), headers }
        }
        const found = check(authorization)
        if (found !== undefined)
          return found.scope === 'operate' || isReading(method) ? { holder: found.name } : readOnly(found)
        budget.failed(peer)
      }
      const problem = createProblem(401, `${FIELD}: a valid bearer token is needed.`, FIELD)
      return { problem, headers: { 'www-authenticate': REALM } }
    }
  }
}

function isReading(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

// RFC 6750 section 3.1.
function readOnly({ name }: Holder): Refused {
  const detail = `${FIELD}: the token of ${name} may read, and change nothing.`
  const headers = { 'www-authenticate': `${REALM}, error="insufficient_scope", scope="operate"` }
  return { problem: createProblem(403, detail, FIELD), headers }
}
