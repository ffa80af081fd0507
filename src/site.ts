import Fastify, { type FastifyInstance } from 'fastify'
import errorPages, { type ErrorPagesOptions } from '../plugins/error-pages.ts'
import maintenance, { type MaintenanceOptions } from '../plugins/maintenance.ts'
import metrics, { type MetricsOptions } from '../plugins/metrics.ts'
import proxy, { type ProxyOptions } from '../plugins/proxy.ts'
import staticFirst from '../plugins/static-first.ts'
import { addAccessLog } from './access-log.ts'
import type { AppDeps } from './app-options.ts'
import { readBypassTokens } from './config/bypass-tokens.ts'
import type { ProcessOptions, SiteSettings } from './config/settings.ts'
import { keepRawTarget } from './raw-target.ts'
import type { Maintenance } from './state/maintenance.ts'

/** How a token is written of which only the digest is known. */
const DIGEST = 'sha256:'

/**
 * Builds the app of one site, ready to be given requests: this is the one place that orders its plugins.
 *
 * `replaces` is the app of the same site whose place this one will take.
 */
export async function createSite(
  settings: SiteSettings,
  shared: ProcessOptions,
  deps: AppDeps & { maintenance: Maintenance; counts: boolean; replaces?: FastifyInstance | undefined }
): Promise<FastifyInstance> {
  const { replaces } = deps
  const site = createVisitorsApp(deps)
  const counting: MetricsOptions = { site: settings.name }
  if (deps.counts) {
    const before = replaces?.hasDecorator('metrics') ? replaces.metrics : undefined
    counting.replaces = before
    await site.register(metrics, counting)
  }
  await site.register(errorPages, pageOptions(settings))
  const gate = maintenanceOptions(settings, shared, deps.maintenance)
  const gateOptions = { ...gate, replaces: replaces?.gate }
  await site.register(maintenance, gateOptions)
  if (settings.static !== null)
    await site.register(staticFirst, {
      root: settings.static,
      precompressed: settings.staticPrecompressed
    })
  const options = { ...proxyOptions(settings, shared), replaces: replaces?.proxy }
  await site.register(proxy, options)
  await site.ready()
  // The framework keeps options for as long as the app lives.
  for (const each of [counting, gateOptions, options]) delete each.replaces
  return site
}

/** The app for hosts that no site has: a connection may be shared by hosts, hence 421 (RFC 9110 section 15.5.20). */
export async function createNobody(deps: AppDeps): Promise<FastifyInstance> {
  const nobody = createVisitorsApp(deps)
  await nobody.register(errorPages)
  nobody.addHook('onRequest', (request, reply, _done) => {
    reply.hijack()
    nobody.errorPages.write(request.raw, reply.raw, { status: 421, reason: null, requestId: request.id })
  })
  await nobody.ready()
  return nobody
}

/** What the pages of a site are told. */
export function pageOptions(site: SiteSettings): ErrorPagesOptions {
  return {
    dir: site.pages ?? undefined,
    brand: {
      name: site.brandName ?? undefined,
      color: site.brandColor ?? undefined,
      logo: site.brandLogo ?? undefined,
      supportUrl: site.supportUrl ?? undefined
    },
    returnSpreadMs: site.returnSpreadMs
  }
}

/** What the gate of a site is told. */
export function maintenanceOptions(
  site: SiteSettings,
  shared: ProcessOptions,
  maintenance: Maintenance
): MaintenanceOptions {
  return {
    maintenance,
    bypassAddresses: site.bypassAddress,
    bypassPaths: site.bypassPath,
    bypassTokens: readBypassTokens(site).map((text) =>
      text.startsWith(DIGEST) ? { sha256: text.slice(DIGEST.length) } : text
    ),
    probePaths: site.probePath,
    trustProxy: shared.trustProxy,
    holdLimit: site.holdLimit,
    websockets: site.websockets
  }
}

/** What the proxy of a site is told. */
export function proxyOptions(site: SiteSettings, shared: ProcessOptions): ProxyOptions {
  return {
    upstream: site.upstream,
    balance: site.balance,
    upstreamTls: {
      caFile: site.upstreamCa ?? undefined,
      name: site.upstreamName ?? undefined,
      certFile: site.upstreamCert ?? undefined,
      keyFile: site.upstreamKey ?? undefined,
      verify: site.upstreamVerify
    },
    ...(site.healthCheck === null ? {} : { healthCheck: site.healthCheck }),
    healthIntervalMs: site.healthIntervalMs,
    holdOnRefusedMs: site.holdOnRefusedMs,
    connectTimeoutMs: site.connectTimeoutMs,
    responseTimeoutMs: site.responseTimeoutMs,
    idleTimeoutMs: site.idleTimeoutMs,
    abandonedTimeoutMs: site.abandonedTimeoutMs,
    clientIdleTimeoutMs: shared.clientIdleTimeoutMs,
    maxRequests: site.maxRequests,
    trustProxy: shared.trustProxy,
    trustForwarded: shared.trustForwarded,
    interceptErrors: site.interceptErrors
  }
}

function createVisitorsApp({ options, accessLog }: AppDeps): FastifyInstance {
  const app = Fastify({
    ...options,
    rewriteUrl: keepRawTarget,
    return503OnClosing: false,
    // A logger for each request would cost more than most requests; what is logged about one names it.
    childLoggerFactory: (parent) => parent,
    exposeHeadRoutes: false
  })
  if (accessLog !== null) addAccessLog(app, accessLog)
  return app
}
