import { createProblem } from './problem.ts'
import type { AdminRoute } from './route.ts'

/** One thing that is wrong with a configuration. */
export interface ReloadProblem {
  /** The key, variable or flag, as its giver spells it. */
  name: string
  /** `file:line:column`; null where the name says where it is. */
  place: string | null
  /** The value, and what is allowed. */
  text: string
}

/** What came of a reload. */
export type ReloadOutcome =
  | { isDone: true; at: string; changed: readonly string[] }
  | { isDone: false; problems: readonly ReloadProblem[] }

/** Reads the configuration anew and puts it into force, all of it or nothing. @param by who asks */
export type ReloadNow = (by: string) => Promise<ReloadOutcome>

/** The configuration anew. */
export function reloadRoutes(reload: ReloadNow | undefined): AdminRoute[] {
  if (reload === undefined) return []
  return [
    {
      method: 'POST',
      path: '/reload',
      summary:
        'read configuration, certificates, tokens and pages anew; 422 and no change when one is not good',
      body: {},
      answers: { 200: ['in force', 'Reloaded'] },
      async run({ holder }) {
        const outcome = await reload(holder)
        if (outcome.isDone) return { status: 200, content: { at: outcome.at, changed: outcome.changed } }
        const detail = 'The new configuration is refused; the old one stays in force.'
        const content = {
          ...createProblem(422, detail),
          code: 'ERR_CONFIG_INVALID',
          errors: outcome.problems
        }
        return { status: 422, content }
      }
    }
  ]
}
