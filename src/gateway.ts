import type { IncomingMessage } from 'node:http'
import Fastify, { type FastifyInstance } from 'fastify'
import type { AdminOptions } from '../plugins/admin.ts'
import type { AccessLogOptions } from './access-log.ts'
import type { ReloadNow } from './admin/reload-routes.ts'
import type { SiteFacts } from './admin/status.ts'
import type { AdminToken } from './admin/tokens.ts'
import { createAdminApp } from './admin-app.ts'
import { createAppOptions } from './app-options.ts'
import type { Settings } from './config/settings.ts'
import { hasAdmin } from './config/token.ts'
import type { Fleet } from './fleet/fleet.ts'
import { createHostLookup } from './host-lookup.ts'
import { fleetSamples } from './metrics/fleet-samples.ts'
import { processSamples } from './metrics/process-samples.ts'
import { exposition, mergeSamples, type Sample } from './metrics/samples.ts'
import { createNobody, createSite } from './site.ts'
import type { Control } from './state/control.ts'

/** What a gateway needs besides its settings: things that live longer than its apps. */
export interface GatewayDeps {
  /** The modes of the sites. */
  control: Control
  /** Who shares them. */
  fleet: Fleet
  /** Bearer tokens of the admin API; none where it is off. */
  adminTokens: readonly AdminToken[]
  /** Takes log lines and access log lines. */
  output: NodeJS.WritableStream
  /** Whether traffic may be sent here: false while stopping. Default: always. */
  isReady?: () => boolean
  /** Origins such as `https://shop.example` under which visitors reach a site, or any site. Default: none is known. */
  origins?: (site: string | null) => string[]
  /** More numbers for Prometheus, which are added to those from here. Default: none. */
  samples?: () => Sample[] | Promise<Sample[]>
  /** What a site is doing, where others serve it. Default: what it does here. */
  factsOf?: (site: string) => Partial<SiteFacts>
  /** Reads the configuration anew and puts it into force, for `POST /reload`. Default: there is no such address. */
  reload?: ReloadNow
  /** The gateway whose place this one will take. Default: none. */
  replaces?: Gateway | undefined
}

/** The apps of a gateway, ready to be given requests; none listens by itself. */
export interface Gateway {
  /** What visitors talk to, by the name of the site. */
  readonly sites: ReadonlyMap<string, FastifyInstance>
  /** The app of the site whose host a request names; null when no site has it. */
  siteFor(request: IncomingMessage): FastifyInstance | null
  /** The app that answers a request on a public listener, whatever it is for. */
  appFor(request: IncomingMessage): FastifyInstance
  /** What operators talk to; null when it is off. */
  readonly admin: FastifyInstance | null
  readonly log: FastifyInstance['log']
  /** Requests that were handed to an upstream and are not finished. */
  readonly inFlight: number
  /** What a site is doing here. */
  factsOf(site: string): Partial<SiteFacts>
  /** What has been counted here, and what is to be said of this process. */
  samples(): Sample[]
  /** Looks right now whether a site has an upstream that works. */
  isHealthy(site: string): Promise<boolean>
  /** Takes the place of the gateway that it replaces: what waits there goes on here. */
  takeOver(): void
  /** Answers whoever is held, and says goodbye in WebSockets: for a process that stops. */
  giveUp(): void
  /** Closes once nothing is under way that was begun here, without cutting anything. */
  retire(): Promise<void>
  close(): Promise<void>
}

/** For requests that are on their way through the hooks of an app that gets no more. */
const STRAGGLERS_MS = 1000

/** Builds the gateway that the settings describe. */
export async function createGateway(settings: Settings, { ...deps }: GatewayDeps): Promise<Gateway> {
  const appOptions = createAppOptions(settings, deps.output)
  const accessLog = accessLogOptions(settings, deps.output)
  // Nobody could ask for them without an admin API.
  const counts = settings.metrics && hasAdmin(settings)
  const severalSites = settings.sites.length > 1
  const sites = new Map<string, FastifyInstance>()
  for (const site of settings.sites) {
    const label = severalSites ? site.name : undefined
    const app = { options: appOptions(label), accessLog: accessLog && { ...accessLog, site: label } }
    const maintenance = deps.control.site(site.name)
    const replaces = deps.replaces?.sites.get(site.name)
    sites.set(site.name, await createSite(site, settings, { ...app, maintenance, counts, replaces }))
  }
  const apps = [...sites.values()]
  const [first] = apps as [FastifyInstance]

  let siteFor: Gateway['siteFor'] = () => first
  let visitorsFor: Gateway['appFor'] = () => first
  const refuses = settings.unknownHost === 'refuse'
  if (severalSites || refuses) {
    const others = refuses ? await createNobody({ options: appOptions(), accessLog }) : first
    if (refuses) apps.push(others)
    siteFor = createSiteLookup(settings, sites)
    visitorsFor = (request) => siteFor(request) ?? others
  }

  const factsHere = (name: string): Partial<SiteFacts> => {
    const { upstreams = [], inFlight = 0, held = 0, tunnels = 0 } = sites.get(name)?.proxy ?? {}
    const { held: heldAtGate = 0, bypassed = 0 } = sites.get(name)?.gate ?? {}
    const { abandoned } = deps.control.site(name).inFlight
    return { upstreams, inFlight, abandoned, held: held + heldAtGate, bypassed, tunnels }
  }
  const { factsOf = factsHere, samples: more = () => [] } = deps
  const samples = (): Sample[] => {
    const counted = counts ? [...sites.values()].flatMap(({ metrics }) => metrics.samples()) : []
    return [...counted, ...processSamples()]
  }

  let appFor = visitorsFor
  let admin: FastifyInstance | null = null
  const adminApps: FastifyInstance[] = []
  if (deps.adminTokens.length > 0) {
    const options = {
      ...adminOptions(settings, deps, { sites, factsOf }),
      ...(counts
        ? {
            metrics: async () =>
              exposition(mergeSamples([samples(), fleetSamples(deps.fleet, Date.now()), await more()]))
          }
        : {})
    }
    if (settings.admin !== null) {
      admin = await createAdminApp(options, { options: appOptions(), accessLog: null })
      adminApps.push(admin)
    }
    if (settings.adminPath !== null) {
      const prefix = settings.adminPath
      const inside = await createAdminApp({ ...options, prefix }, { options: appOptions(), accessLog })
      adminApps.push(inside)
      appFor = (request) => (request.url?.startsWith(`${prefix}/`) ? inside : visitorsFor(request))
    }
  }

  return {
    sites,
    siteFor,
    appFor,
    admin,
    // What is about the process names no site.
    log: Fastify(appOptions()).log,
    get inFlight() {
      return [...sites.values()].reduce((sum, { proxy }) => sum + proxy.inFlight, 0)
    },
    factsOf,
    samples,
    isHealthy: async (site) => sites.get(site)?.proxy.isHealthy() ?? false,
    takeOver() {
      const { replaces } = deps
      for (const [name, site] of sites) if (replaces?.sites.has(name)) site.proxy.takeOver()
      for (const { gate } of replaces?.sites.values() ?? [])
        gate.handOver((request, response) => appFor(request).routing(request, response))
      deps.replaces = undefined
    },
    giveUp() {
      for (const { gate, proxy } of sites.values()) {
        gate.giveUp()
        proxy.closeWebSockets()
      }
    },
    async retire() {
      await new Promise((resolve) => setTimeout(resolve, STRAGGLERS_MS))
      await closeAll(adminApps)
      await Promise.all([...sites.values()].map(({ proxy }) => proxy.finished()))
      await closeAll(apps)
    },
    close: () => closeAll([...adminApps, ...apps])
  }
}

async function closeAll(apps: readonly FastifyInstance[]): Promise<void> {
  await Promise.all(apps.map((app) => app.close()))
}

function accessLogOptions(
  { accessLog: format, trustProxy }: Settings,
  output: NodeJS.WritableStream
): AccessLogOptions | null {
  return format === null ? null : { format, output, trustProxy }
}

function createSiteLookup(settings: Settings, sites: Gateway['sites']): Gateway['siteFor'] {
  const owners = settings.sites.map(({ name, hosts }) => ({ hosts, owner: sites.get(name) ?? null }))
  // Where there is a fallback it is the site default, which comes first.
  return createHostLookup(owners, settings.unknownHost === 'refuse' ? null : owners[0]!.owner)
}

// What a visitor meets while a site is in a mode.
const REASONS = { maintenance: 'maintenance', 'read-only': 'read-only', hold: 'hold-timeout' } as const

function adminOptions(
  settings: Settings,
  { adminTokens, control, fleet, isReady = () => true, origins, reload }: GatewayDeps,
  { sites, factsOf }: Pick<Gateway, 'sites' | 'factsOf'>
): AdminOptions {
  const hosts = new Map(settings.sites.map((site) => [site.name, site.hosts]))
  return {
    tokens: adminTokens,
    control,
    hosts: settings.adminHost,
    ready: isReady,
    ...(origins === undefined ? {} : { origins }),
    ...(reload === undefined ? {} : { reload }),
    preview: ({ site, mode, language, ...said }) =>
      sites.get(site)?.errorPages.render({ status: 503, reason: REASONS[mode], ...said, site }, language),
    status: {
      store: fleet.storeStatus,
      members: fleet.knownMembers,
      look: fleet.lookAtMembers,
      site: (name) => ({ ...factsOf(name), hosts: hosts.get(name) ?? [] })
    },
    forget: fleet.forget
  }
}
