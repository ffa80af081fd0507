import type { Control } from '../state/control.ts'
import type { WindowRequest } from '../state/schedule.ts'
import { changeOf } from './change.ts'
import type { AdminRoute } from './route.ts'
import { CHANGE_BODY, LINK_BODY, WINDOW_BODY } from './schemas.ts'

/** Where a browser exchanges a link for a cookie. */
const BYPASS_PATH = '/.intermission/bypass'

/** Planned windows, and links that let visitors pass. */
export function planRoutes(control: Control, originsOf: (site: string | null) => string[]): AdminRoute[] {
  return [
    {
      method: 'GET',
      path: '/schedule',
      summary: 'the windows that are planned',
      answers: { 200: ['those that are not over', 'Schedule'] },
      run: () => ({
        status: 200,
        revision: control.revision,
        content: { windows: control.windows().toSorted((one, other) => (one.from < other.from ? -1 : 1)) }
      })
    },
    {
      method: 'POST',
      path: '/schedule',
      summary: 'plan a window',
      body: WINDOW_BODY,
      answers: { 201: ['planned', 'Window'] },
      run: async (call) => {
        const window = await control.addWindow(changeOf(call, control.revision) as WindowRequest)
        return { status: 201, location: `schedule/${window.id}`, content: window }
      }
    },
    {
      method: 'DELETE',
      path: '/schedule/{id}',
      summary: 'take a window out of the plan; one that is running ends',
      body: CHANGE_BODY,
      answers: { 200: ['the window that was planned', 'Window'] },
      run: async (call) => ({
        status: 200,
        content: await control.removeWindow(call.params.id!, changeOf(call, control.revision))
      })
    },
    {
      method: 'GET',
      path: '/bypass-links',
      summary: 'the bypass links that are good',
      answers: { 200: ['without their tokens', 'Links'] },
      run: () => ({ status: 200, revision: control.revision, content: { links: control.links() } })
    },
    {
      method: 'POST',
      path: '/bypass-links',
      summary: 'make a bypass link',
      body: LINK_BODY,
      answers: { 201: ['made; its token is told this once', 'NewLink'] },
      run: async (call) => {
        const link = await control.addLink(changeOf(call, control.revision))
        const path = `${BYPASS_PATH}?token=${encodeURIComponent(link.token)}`
        const urls = originsOf(link.site).map((origin) => origin + path)
        return { status: 201, location: `bypass-links/${link.id}`, content: { ...link, path, urls } }
      }
    },
    {
      method: 'DELETE',
      path: '/bypass-links/{id}',
      summary: 'take a bypass link back: from now on it opens nothing',
      body: CHANGE_BODY,
      answers: { 200: ['the link that was good', 'Link'] },
      run: async (call) => ({
        status: 200,
        content: await control.revokeLink(call.params.id!, changeOf(call, control.revision))
      })
    }
  ]
}
