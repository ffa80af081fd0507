/**
 * The admin API: who holds a token may see the mode, enter maintenance and leave it, by HTTP and JSON.
 *
 * Decorates nothing. Needs `fastify.maintenance`, so register it after maintenance, or give it the `maintenance`. It is
 * encapsulated: its error handler and its body parser are for its own routes only. Best on a listener of its own.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isJsonType, readBody } from '../src/admin/body.ts'
import { createFailureBudget } from '../src/admin/failure-budget.ts'
import { revisionOf } from '../src/admin/if-match.ts'
import { createOriginGuard } from '../src/admin/origin-guard.ts'
import { createProblem, problemOf } from '../src/admin/problem.ts'
import { parseStrictObject } from '../src/admin/strict-json.ts'
import { type AdminToken, createTokenCheck } from '../src/admin/tokens.ts'
import { InputError, IntermissionError } from '../src/errors.ts'
import type { WaitOutcome } from '../src/state/barrier.ts'
import type { StateDocument } from '../src/state/document.ts'
import type { Maintenance } from '../src/state/maintenance.ts'
import { ENTER_FIELDS, LEAVE_FIELDS } from '../src/state/request.ts'

export type { AdminToken } from '../src/admin/tokens.ts'

export interface AdminOptions {
  /** The bearer tokens that open it, or their SHA-256 digests; at least one. A change is signed with the token's name. */
  tokens: readonly AdminToken[]
  /** What is entered and left. Default: `fastify.maintenance`. */
  maintenance?: Maintenance
  /**
   * Host values that it answers to, exact and with the port, such as `admin.example:8081`, besides the names of the
   * loopback and the address that a connection came to. Default: none.
   */
  hosts?: readonly string[]
  /** More members for `GET /status`. Default: none. */
  status?: () => object
  /** The text of `GET /metrics`, for Prometheus. Default: there is no such address. */
  metrics?: () => string
  /** Whether traffic may come, for `/readyz`. Maintenance is no reason to say no. Default: always. */
  ready?: () => boolean
  /**
   * Answer every other address under the prefix with a 404 problem. Default: true with a prefix; false without one,
   * where the other addresses are the app's. Set it to true on a listener that has nothing but the admin API.
   */
  notFound?: boolean
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

const BODY_LIMIT_BYTES = 16 * 1024
const TOO_LARGE = Symbol('too large')
// An operator must be able to end a maintenance of the app that the admin API is in.
const config = { intermission: { bypass: true } }

async function admin(fastify: FastifyInstance, options: AdminOptions): Promise<void> {
  const maintenance = findMaintenance(fastify, options)
  const checkToken = createTokenCheck(options.tokens)
  const findRefusal = createOriginGuard(options.hosts)
  const budget = createFailureBudget()
  const { ready = () => true, status = () => ({}), metrics, notFound = fastify.prefix !== '' } = options
  // Whose token each request holds.
  const holders = new WeakMap<FastifyRequest, string>()

  fastify.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, request.headers['if-match'] !== undefined)
    if (problem.status >= 500) request.log.error({ err: error }, 'admin request failed')
    return sendJson(reply, problem.status, problem)
  })
  // Those of the app, and the framework's own for JSON, are more lenient than this one.
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser(
    'application/json',
    async (_request: FastifyRequest, payload: FastifyRequest['raw']) => {
      const body = await readBody(payload, BODY_LIMIT_BYTES)
      return body === undefined ? TOO_LARGE : parseStrictObject(body)
    }
  )

  fastify.addHook('onRequest', (request, reply, done) => {
    const refusal = findRefusal(request.raw)
    if (refusal === undefined) return done()
    request.log.warn({ field: refusal.field, peer: request.socket.remoteAddress }, 'admin request refused')
    sendJson(reply, 403, createProblem(403, refusal.detail, refusal.field))
  })
  fastify.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
    // The app around may be open to other origins; this is not.
    for (const name of Object.keys(reply.getHeaders())) {
      if (name.startsWith('access-control-')) reply.removeHeader(name)
    }
  })

  route(fastify, '/livez', { GET: (_request, reply) => sendJson(reply, 200, { live: true }) })
  route(fastify, '/readyz', {
    GET: (_request, reply) =>
      ready()
        ? sendJson(reply, 200, { ready: true })
        : sendJson(reply, 503, createProblem(503, 'Not ready for traffic.'))
  })

  await fastify.register(async (guarded) => {
    guarded.addHook('onRequest', (request, reply, done) => {
      const peer = request.socket.remoteAddress
      const { authorization } = request.headers
      const waitSeconds = authorization === undefined ? 0 : budget.waitSeconds(peer)
      if (waitSeconds > 0) {
        reply.header('retry-after', waitSeconds)
        const detail = 'Authorization: too many wrong tokens; wait a moment.'
        return sendJson(reply, 429, createProblem(429, detail, 'Authorization'))
      }
      const holder = authorization === undefined ? undefined : checkToken(authorization)
      if (holder !== undefined) {
        holders.set(request, holder.name ?? 'admin')
        return done()
      }
      if (authorization !== undefined) budget.failed(peer)
      request.log.warn({ field: 'Authorization', peer }, 'admin request refused')
      reply.header('www-authenticate', 'Bearer realm="intermission"')
      sendJson(
        reply,
        401,
        createProblem(401, 'Authorization: a valid bearer token is needed.', 'Authorization')
      )
    })
    guarded.addHook('onRequest', (request, reply, done) => {
      const { 'content-type': type, 'content-length': length, 'transfer-encoding': coding } = request.headers
      const hasBody = coding !== undefined || (length !== undefined && length !== '0')
      if ((!hasBody && type === undefined) || isJsonType(type)) return done()
      const detail = 'Content-Type: only application/json is understood.'
      sendJson(reply, 415, createProblem(415, detail, 'Content-Type'))
    })
    guarded.addHook('preHandler', (request, reply, done) => {
      if (request.body !== TOO_LARGE) return done()
      const detail = `body: at most ${BODY_LIMIT_BYTES} bytes are read.`
      // What is still to come of it is not wanted.
      reply.header('connection', 'close')
      sendJson(reply, 413, createProblem(413, detail, 'body'))
    })

    route(guarded, '/maintenance', {
      GET: (_request, reply) => sendDocument(reply, maintenance.state),
      PUT: async (request, reply) => {
        const change = readChange(request, ENTER_FIELDS)
        return sendDocument(reply, await maintenance.enter(change))
      },
      DELETE: async (request, reply) => {
        const change = readChange(request, LEAVE_FIELDS)
        return sendDocument(reply, await maintenance.leave(change))
      }
    })
    route(guarded, '/status', {
      GET: (_request, reply) => {
        const { site, mode, revision, since, by, message, reason, until, onExpiry } = maintenance.state
        return sendJson(reply, 200, {
          ...status(),
          site,
          mode,
          revision,
          since,
          by,
          message,
          reason,
          until,
          onExpiry
        })
      }
    })
    if (metrics !== undefined) {
      route(guarded, '/metrics', {
        GET: (_request, reply) => reply.type('text/plain; version=0.0.4; charset=utf-8').send(metrics())
      })
    }
    if (notFound) {
      const nothing: Handler = (_request, reply) => sendJson(reply, 404, createProblem(404))
      const method = guarded.supportedMethods
      guarded.route({ method, url: '/*', config, exposeHeadRoute: false, handler: nothing })
      // For methods that the app does not route.
      guarded.setNotFoundHandler(nothing)
    }
  })

  function readChange(request: FastifyRequest, fields: ReadonlySet<string>): object {
    const body = (request.body ?? {}) as Record<string, unknown>
    const known = [...fields].filter((field) => field !== 'ifRevision')
    for (const [field, value] of Object.entries(body)) {
      if (!known.includes(field)) throw new InputError(field, value, `one of the fields ${known.join(', ')}`)
    }
    const ifRevision = revisionOf(request.headers['if-match'], maintenance.state.revision)
    const by = body.by ?? holders.get(request)
    return { ...body, by, ...(ifRevision === undefined ? {} : { ifRevision }) }
  }
}

function route(scope: FastifyInstance, url: string, handlers: Record<string, Handler>): void {
  for (const [method, handler] of Object.entries(handlers)) {
    scope.route({ method, url, config, exposeHeadRoute: true, handler })
  }
  const allow = Object.keys(handlers).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  const method = scope.supportedMethods.filter((each) => !allow.includes(each))
  const refuse: Handler = (_request, reply) => {
    reply.header('allow', allow.join(', '))
    return sendJson(reply, 405, createProblem(405))
  }
  // In a hook already, so that a body is not looked at.
  scope.route({
    method,
    url,
    config,
    exposeHeadRoute: false,
    onRequest: (request, reply) => void refuse(request, reply),
    handler: refuse
  })
}

function sendDocument(reply: FastifyReply, document: StateDocument & { wait?: WaitOutcome }): FastifyReply {
  reply.header('etag', `"${document.revision}"`)
  // Changed, but what was waited for has not happened.
  const unfulfilled = document.wait !== undefined && document.wait.outcome !== 'complete'
  return sendJson(reply, unfulfilled ? 202 : 200, document)
}

// As text, so that serializers of the app have no part in it.
function sendJson(reply: FastifyReply, status: number, content: object): FastifyReply {
  const type = status >= 400 ? 'application/problem+json' : 'application/json; charset=utf-8'
  return reply.code(status).type(type).send(JSON.stringify(content))
}

function findMaintenance(fastify: FastifyInstance, options: AdminOptions): Maintenance {
  if (options.maintenance !== undefined) return options.maintenance
  if (fastify.hasDecorator('maintenance')) return fastify.getDecorator<Maintenance>('maintenance')
  throw new IntermissionError(
    'ERR_PLUGIN_MISUSE',
    'admin: there is nothing to administrate; register the maintenance plugin before it, or give it the option maintenance'
  )
}

export { admin }
export default fp(admin, { name: 'fastify-intermission/admin', fastify: '5.x', encapsulate: true })
