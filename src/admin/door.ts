import { createFailureBudget } from './failure-budget.ts'
import { type AdminProblem, createProblem } from './problem.ts'
import { type AdminToken, createTokenCheck } from './tokens.ts'

/** Why somebody is not let in, and what to tell. */
export interface Refused {
  problem: AdminProblem
  headers: Readonly<Record<string, string>>
}

/** Lets in whoever holds a token. */
export interface Door {
  /**
   * @param authorization the field of that name
   * @param peer who sent it, for the budget of wrong tokens
   * @returns the name of the token's holder, or why not
   */
  enter(authorization: string | undefined, peer: string | undefined): { holder: string } | Refused
}

const FIELD = 'Authorization'

/** @throws InputError when there is no token, or one that cannot be sent */
export function createDoor(tokens: readonly AdminToken[]): Door {
  const check = createTokenCheck(tokens)
  const budget = createFailureBudget()
  return {
    enter(authorization, peer) {
      if (authorization !== undefined) {
        const waitSeconds = budget.waitSeconds(peer)
        if (waitSeconds > 0) {
          const detail = `${FIELD}: too many wrong tokens; wait a moment.`
          const headers = { 'retry-after': String(waitSeconds) }
          return { problem: createProblem(429, detail, FIELD), headers }
        }
        const found = check(authorization)
        if (found !== undefined) return { holder: found.name ?? 'admin' }
        budget.failed(peer)
      }
      const problem = createProblem(401, `${FIELD}: a valid bearer token is needed.`, FIELD)
      return { problem, headers: { 'www-authenticate': 'Bearer realm="intermission"' } }
    }
  }
}
