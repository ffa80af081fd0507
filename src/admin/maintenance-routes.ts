import { notFound } from '../errors.ts'
import type { Changed, Control } from '../state/control.ts'
import type { StateDocument } from '../state/document.ts'
import type { EnterRequest, LeaveRequest } from '../state/request.ts'
import { changeOf } from './change.ts'
import type { AdminCall, AdminReply, AdminRoute } from './route.ts'
import { ENTER_BODY, LEAVE_BODY } from './schemas.ts'

const WAIT_NOT_FULFILLED = 'changed, but what was to be waited for did not come'

/** The mode of every site, and of one. */
export function maintenanceRoutes(control: Control): AdminRoute[] {
  return [
    ...routesOf('/maintenance', 'every site', ['Documents', 'AllChanged']),
    ...routesOf('/sites/{site}/maintenance', 'one site', ['Document', 'Changed'])
  ]

  function routesOf(
    path: string,
    what: string,
    [shown, changed]: readonly ['Documents', 'AllChanged'] | readonly ['Document', 'Changed']
  ): AdminRoute[] {
    const answers = { 200: ['changed', changed], 202: [WAIT_NOT_FULFILLED, changed] } as const
    return [
      {
        method: 'GET',
        path,
        summary: `the mode of ${what}`,
        answers: { 200: ['the mode', shown] },
        run: ({ params }) => show(documentsOf(params.site))
      },
      {
        method: 'PUT',
        path,
        summary: `enter a mode on ${what}`,
        body: ENTER_BODY,
        answers,
        run: async (call) => outcome(await control.enter(requestOf<EnterRequest>(call)))
      },
      {
        method: 'DELETE',
        path,
        summary: `take ${what} back to live`,
        body: LEAVE_BODY,
        answers,
        run: async (call) => outcome(await control.leave(requestOf<LeaveRequest>(call)))
      }
    ]
  }

  function documentsOf(site: string | undefined): StateDocument[] {
    if (site !== undefined && !control.siteNames.includes(site))
      throw notFound('site', site, control.siteNames)
    return (site === undefined ? control.siteNames : [site]).map((name) => control.site(name).state)
  }

  function requestOf<T>(call: AdminCall): T & { site?: string } {
    const { site } = call.params
    const revision = highest(documentsOf(site))
    return { ...(changeOf(call, revision) as T), ...(site === undefined ? {} : { site }) }
  }
}

function show(documents: StateDocument[]): AdminReply {
  const [only, ...more] = documents as [StateDocument]
  const revision = highest(documents)
  return { status: 200, revision, content: more.length === 0 ? only : { revision, sites: documents } }
}

function outcome({ documents, revision, wait }: Changed): AdminReply {
  const status = wait.outcome === 'complete' ? 200 : 202
  return { status, revision, content: { ...show(documents).content, wait } }
}

function highest(documents: readonly StateDocument[]): number {
  return Math.max(...documents.map(({ revision }) => revision))
}
