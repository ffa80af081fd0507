import { randomBytes } from 'node:crypto'
import type { BypassLink } from './link.ts'
import { addLink, type LinkRequest, revokeLink, tokenOf } from './links.ts'
import type { Replica } from './replica.ts'
import type { ChangeRequest } from './request.ts'
import { addWindow, removeWindow, type WindowRequest } from './schedule.ts'
import type { MaintenanceWindow } from './window.ts'

/** What is planned, and who may pass meanwhile. */
export interface Plans {
  /** What is planned and not over. */
  windows(): readonly MaintenanceWindow[]
  /**
   * Plans a window; a repeat that says the same gives the one that is there.
   *
   * @throws InputError, which names the other window when they overlap; ERR_STATE_CONFLICT, ERR_STATE_UNWRITABLE
   */
  addWindow(request: WindowRequest): Promise<MaintenanceWindow>
  /**
   * Takes a window out of the plan. A running one ends: the sites that it holds go live.
   *
   * @returns the window that was taken out
   * @throws IntermissionError ERR_NOT_FOUND, ERR_STATE_CONFLICT, ERR_STATE_UNWRITABLE
   */
  removeWindow(id: string, request?: ChangeRequest): Promise<MaintenanceWindow>
  /** The bypass links that are good. */
  links(): readonly BypassLink[]
  /**
   * Makes a bypass link. Its token is told this once.
   *
   * @throws InputError; IntermissionError ERR_STATE_CONFLICT, ERR_STATE_UNWRITABLE
   */
  addLink(request?: LinkRequest): Promise<BypassLink & { token: string }>
  /**
   * Takes back a bypass link: from then on it opens nothing.
   *
   * @returns the link that was taken back
   * @throws IntermissionError ERR_NOT_FOUND, ERR_STATE_CONFLICT, ERR_STATE_UNWRITABLE
   */
  revokeLink(id: string, request?: ChangeRequest): Promise<BypassLink>
}

export function createPlans(replica: Replica, now: () => number, checkSite: (site: string) => void): Plans {
  return {
    windows: () => replica.state.windows.filter(({ until }) => Date.parse(until) > now()),
    async addWindow(request) {
      if (request.site != null) checkSite(request.site)
      const id = newId('w')
      let planned!: MaintenanceWindow
      await replica.change((state) => {
        const { window, step } = addWindow(state, id, request, now())
        planned = window
        return step
      })
      return planned
    },
    async removeWindow(id, request = {}) {
      let removed!: MaintenanceWindow
      await replica.change((state) => {
        const { window, step } = removeWindow(state, id, request, now())
        removed = window
        return step
      })
      return removed
    },
    links: () => replica.state.links.filter(({ expiresAt }) => Date.parse(expiresAt) > now()),
    async addLink(request = {}) {
      if (request.site != null) checkSite(request.site)
      const id = newId('l')
      let made!: BypassLink & { token: string }
      await replica.change((state) => {
        const { link, step } = addLink(state, id, request, now())
        made = { ...link, token: tokenOf(step.state, link) }
        return step
      })
      return made
    },
    async revokeLink(id, request = {}) {
      let revoked!: BypassLink
      await replica.change((state) => {
        const { link, step } = revokeLink(state, id, request, now())
        revoked = link
        return step
      })
      return revoked
    }
  }
}

// Short enough to be typed, and no two alike.
function newId(letter: string): string {
  return letter + randomBytes(4).toString('hex')
}
