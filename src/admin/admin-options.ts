import { refuseUnknown } from '../known-options.ts'
import type { Control } from '../state/control.ts'
import type { PreviewPage, PreviewRequest } from './previews.ts'
import type { ReloadNow } from './reload-routes.ts'
import type { MemberStatus, StatusSources } from './status.ts'
import type { AdminToken } from './tokens.ts'

/** What the admin API is about, and who may use it. */
export interface AdminOptions {
  /** The bearer tokens that open it, of 16 to 512 characters, or their SHA-256 digests, with a name and a scope; at least one. */
  tokens: readonly AdminToken[]
  /** All that is administrated. Default: the control of `fastify.maintenance`. */
  control?: Control
  /**
   * Host values that it answers to, exact and with the port, such as `admin.example:8081`, besides the names of the
   * loopback and the address that a connection came to. Default: none.
   */
  hosts?: readonly string[]
  /** What only the app around knows of sites, store and members, for `GET /status`. Default: nothing. */
  status?: StatusSources
  /** Origins such as `https://shop.example` under which visitors reach a site, or any site, for links. Default: none. */
  origins?: (site: string | null) => string[]
  /** Forgets a member that is lost. Default: there is none to forget. */
  forget?: (member: string, by: string, reason: string | null) => Promise<MemberStatus>
  /** Reads the app's configuration anew, for `POST /reload`. Default: there is no such address. */
  reload?: ReloadNow
  /** The text of `GET /metrics`, for Prometheus. Default: there is no such address. */
  metrics?: () => string | Promise<string>
  /** Makes the page that visitors would get, for `POST /preview`; undefined for an unknown site. Default: there is none. */
  preview?: (request: PreviewRequest) => PreviewPage | undefined
  /** Whether traffic may come, for `/readyz`. Maintenance is no reason to say no. Default: always. */
  ready?: () => boolean
  /** Answer `/` with the admin page, and what is unknown under the prefix with 404. Default: true where there is a prefix. */
  notFound?: boolean
}

const OPTIONS: Record<keyof AdminOptions, true> = {
  tokens: true,
  control: true,
  hosts: true,
  status: true,
  origins: true,
  forget: true,
  reload: true,
  metrics: true,
  preview: true,
  ready: true,
  notFound: true
}

/** @throws IntermissionError that names an option which there is not */
export function checkAdminOptions(options: AdminOptions): void {
  refuseUnknown('admin', options, { ...OPTIONS, prefix: true })
}
