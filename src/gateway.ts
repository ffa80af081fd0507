import Fastify, { type FastifyInstance, LogController } from 'fastify'
import admin from '../plugins/admin.ts'
import errorPages from '../plugins/error-pages.ts'
import maintenance from '../plugins/maintenance.ts'
import proxy from '../plugins/proxy.ts'
import staticFirst from '../plugins/static-first.ts'
import { addAccessLog } from './access-log.ts'
import { createProblem } from './admin/problem.ts'
import type { Settings } from './config/settings.ts'
import { keepRawTarget, keepRawTargetExcept } from './raw-target.ts'
import type { Maintenance } from './state/maintenance.ts'

/** What a gateway needs besides its settings: things that live longer than its two apps. */
export interface GatewayDeps {
  maintenance: Maintenance
  /** Bearer token of the admin API. */
  adminToken: string
  /** Takes log lines and access log lines. */
  output: NodeJS.WritableStream
  /** Whether traffic may be sent here: false while stopping. Default: always. */
  isReady?: () => boolean
}

/** The two apps of a gateway, ready to be given requests; neither listens by itself. */
export interface Gateway {
  /** What visitors talk to. */
  site: FastifyInstance
  /** What operators talk to; null when it is off. */
  admin: FastifyInstance | null
}

/** Builds the gateway that the settings describe: this is the one place that orders the plugins. */
export async function createGateway(settings: Settings, deps: GatewayDeps): Promise<Gateway> {
  const logger = { level: settings.logLevel, stream: deps.output }
  // Requests are logged by the access log, if at all.
  const logController = new LogController({ disableRequestLogging: true })
  const site = Fastify({
    logger,
    logController,
    rewriteUrl: settings.adminPath === null ? keepRawTarget : keepRawTargetExcept(`${settings.adminPath}/`),
    return503OnClosing: false,
    // A logger for each request would cost more than most requests; what is logged about one names it.
    childLoggerFactory: (parent) => parent,
    exposeHeadRoutes: false
  })
  const isReady = deps.isReady ?? (() => true)
  const adminOptions = {
    tokens: [deps.adminToken],
    maintenance: deps.maintenance,
    hosts: settings.adminHost,
    ready: isReady,
    status: () => ({ upstreams: site.proxy.upstreams, inFlight: site.proxy.inFlight, held: site.proxy.held })
  }
  if (settings.accessLog) addAccessLog(site, deps.output)
  await site.register(errorPages, settings.pages === null ? {} : { dir: settings.pages })
  if (settings.adminPath !== null) await site.register(admin, { ...adminOptions, prefix: settings.adminPath })
  await site.register(maintenance, { maintenance: deps.maintenance })
  if (settings.static !== null) await site.register(staticFirst, { root: settings.static })
  await site.register(proxy, {
    upstream: settings.upstream,
    balance: settings.balance,
    upstreamTls: {
      caFile: settings.upstreamCa ?? undefined,
      name: settings.upstreamName ?? undefined,
      certFile: settings.upstreamCert ?? undefined,
      keyFile: settings.upstreamKey ?? undefined,
      verify: settings.upstreamVerify
    },
    ...(settings.healthCheck === null ? {} : { healthCheck: settings.healthCheck }),
    healthIntervalMs: settings.healthIntervalMs,
    holdOnRefusedMs: settings.holdOnRefusedMs,
    connectTimeoutMs: settings.connectTimeoutMs,
    responseTimeoutMs: settings.responseTimeoutMs,
    idleTimeoutMs: settings.idleTimeoutMs,
    clientIdleTimeoutMs: settings.clientIdleTimeoutMs,
    maxRequests: settings.maxRequests,
    trustProxy: settings.trustProxy,
    trustForwarded: settings.trustForwarded,
    interceptErrors: settings.interceptErrors
  })
  await site.ready()
  if (settings.admin === null) return { site, admin: null }

  const adminApp = Fastify({
    logger,
    logController,
    // What the router refuses never reaches a plugin.
    frameworkErrors(_error, _request, reply) {
      const body = JSON.stringify(createProblem(400))
      reply.hijack()
      reply.raw
        .writeHead(400, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
        .end(body)
    }
  })
  await adminApp.register(admin, { ...adminOptions, notFound: true })
  await adminApp.ready()
  return { site, admin: adminApp }
}
