/**
 * The gate: while a site is in maintenance, every request is answered with 503 and a kind page.
 *
 * Decorates `fastify.maintenance`. Uses `fastify.errorPages` when it is there. Register it after error-pages, and
 * before the routes, static-first and the proxy: hooks reach only what is registered after them.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isAcmeChallenge } from '../src/acme-challenge.ts'
import { InputError, IntermissionError } from '../src/errors.ts'
import type { Answers } from '../src/pages/answers.ts'
import { createAnswers } from '../src/pages/answers.ts'
import { rawTarget } from '../src/raw-target.ts'
import type { StateDocument } from '../src/state/document.ts'
import type { Maintenance } from '../src/state/maintenance.ts'
import { openMaintenance } from '../src/state/maintenance.ts'
import { createMemoryStore } from '../src/state/memory-store.ts'
import type { StateStore } from '../src/state/store.ts'
import { retryAfterSeconds } from '../src/state/transitions.ts'

export interface MaintenanceOptions {
  /** Where the mode is kept. It stays open when the app closes. Default: in memory, forgotten with the process. */
  store?: StateStore
  /** The site that this app is. Default `default`. */
  site?: string
  /** A maintenance that is open already, instead of `store` and `site`. It stays open when the app closes. */
  maintenance?: Maintenance
}

declare module 'fastify' {
  interface FastifyInstance {
    maintenance: Maintenance
  }
  interface FastifyContextConfig {
    /** What Intermission should know about this route. */
    intermission?: {
      /** Answer this route in maintenance as well. Default false. */
      bypass?: boolean
    }
  }
}

async function maintenance(fastify: FastifyInstance, options: MaintenanceOptions): Promise<void> {
  checkOptions(options)
  const given = options.maintenance
  const opened = given ?? (await openOwn(fastify, options))
  const shared = fastify.hasDecorator('errorPages') ? fastify.getDecorator<Answers>('errorPages') : undefined
  const answers = shared ?? createAnswers({ log: fastify.log })

  // Once at the start of the request, and once more right before it is handed on: it may have waited for its body.
  function gate(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    const { state } = opened
    if (state.mode === 'live' || passes(request)) {
      done()
      return
    }
    reply.hijack()
    answers.write(request.raw, reply.raw, {
      status: 503,
      reason: state.mode,
      message: state.message,
      until: state.until,
      retryAfterSeconds: retryAfterSeconds(state, Date.now()),
      site: state.site,
      requestId: request.id
    })
  }

  fastify.decorate('maintenance', opened)
  fastify.addHook('onRequest', gate)
  fastify.addHook('preHandler', gate)
  const forget = opened.onChange((state) => log(fastify, state))
  fastify.addHook('onClose', async () => {
    forget()
    if (shared === undefined) answers.close()
    if (given === undefined) await opened.close()
  })
}

// Certificates must be renewed in maintenance too.
function passes(request: FastifyRequest): boolean {
  return request.routeOptions.config?.intermission?.bypass === true || isAcmeChallenge(rawTarget(request.raw))
}

function openOwn(fastify: FastifyInstance, options: MaintenanceOptions): Promise<Maintenance> {
  const { store = createMemoryStore(), site = 'default' } = options
  const onError = (err: unknown, doing: string): void => fastify.log.error({ err, site }, `failed ${doing}`)
  return openMaintenance({ store, site, onError })
}

function log(fastify: FastifyInstance, state: StateDocument): void {
  const { site, mode, revision, by, reason, until } = state
  const text = mode === 'live' ? 'maintenance left' : 'maintenance entered'
  fastify.log.info({ site, mode, revision, by, reason, until }, text)
}

function checkOptions(options: MaintenanceOptions): void {
  const { store, site, maintenance: given } = options
  if (given !== undefined && (store !== undefined || site !== undefined)) {
    throw new IntermissionError(
      'ERR_PLUGIN_MISUSE',
      'maintenance: give either an open maintenance, or the store and site to open one from'
    )
  }
  if (given !== undefined && typeof given?.enter !== 'function') {
    throw new InputError('maintenance', typeof given, 'what openMaintenance() gives')
  }
  if (store !== undefined && typeof store?.subscribe !== 'function') {
    throw new InputError(
      'store',
      typeof store,
      'a store such as createMemoryStore() or createFileStore() gives'
    )
  }
  if (site !== undefined && (typeof site !== 'string' || site === '')) {
    throw new InputError('site', site, 'the name of a site')
  }
}

export { maintenance }
export default fp(maintenance, { name: 'fastify-intermission/maintenance', fastify: '5.x' })
