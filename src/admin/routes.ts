import type { Control } from '../state/control.ts'
import { maintenanceRoutes } from './maintenance-routes.ts'
import { planRoutes } from './plan-routes.ts'
import { type ReloadNow, reloadRoutes } from './reload-routes.ts'
import type { AdminRoute } from './route.ts'
import type { MemberStatus, StatusSources } from './status.ts'
import { statusRoutes } from './status-routes.ts'

/** What the routes are about besides the modes. */
export interface AdminSubjects {
  sources: StatusSources
  origins(site: string | null): string[]
  forget?: (member: string, by: string, reason: string | null) => Promise<MemberStatus>
  reload?: ReloadNow
}

/** Every route that is a plain question and answer. */
export function adminRoutes(
  control: Control,
  { sources, origins, forget, reload }: AdminSubjects
): AdminRoute[] {
  return [
    ...maintenanceRoutes(control),
    ...planRoutes(control, origins),
    ...statusRoutes(control, sources, forget),
    ...reloadRoutes(reload)
  ]
}
