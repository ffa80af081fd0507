import { notFound } from '../errors.ts'
import type { Control } from '../state/control.ts'
import type { AdminRoute } from './route.ts'
import { CHANGE_BODY } from './schemas.ts'
import { type MemberStatus, type Status, type StatusSources, statusOf } from './status.ts'

/** What is going on, who takes part, and what was changed. */
export function statusRoutes(
  control: Control,
  sources: StatusSources,
  forget?: (member: string, by: string, reason: string | null) => Promise<MemberStatus>
): AdminRoute[] {
  async function lookAround(): Promise<Status> {
    await sources.look?.()
    return statusOf(control, sources)
  }

  return [
    {
      method: 'GET',
      path: '/status',
      summary: 'everything that is going on',
      answers: { 200: ['right now', 'Status'] },
      run: async () => ({ status: 200, content: await lookAround() })
    },
    {
      method: 'GET',
      path: '/history',
      summary: 'the last 100 changes: who, when, why',
      answers: { 200: ['newest first', 'History'] },
      run: async () => ({ status: 200, content: { changes: await control.history() } })
    },
    {
      method: 'GET',
      path: '/fleet',
      summary: 'the gateways that share the state',
      answers: { 200: ['all that are known', 'Members'] },
      run: async () => {
        const { members, store } = await lookAround()
        return { status: 200, content: { members, store } }
      }
    },
    {
      method: 'DELETE',
      path: '/fleet/{member}',
      summary: 'forget a gateway that is lost: no change waits for it any more',
      body: CHANGE_BODY,
      answers: { 200: ['the one that was known', 'Member'] },
      run: async ({ params, body, holder }) => {
        const id = params.member!
        if (forget === undefined) throw notFound('member', id)
        const content = await forget(id, textOf(body.by) ?? holder, textOf(body.reason))
        return { status: 200, content }
      }
    }
  ]
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
