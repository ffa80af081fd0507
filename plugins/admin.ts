/**
 * The admin API: who holds a token may see what is going on, enter a mode and leave it, plan windows and make bypass
 * links, by HTTP and JSON. What the routes do is in `src/admin/`; here is who may call them.
 *
 * Decorates nothing. Needs `fastify.maintenance`, so register it after maintenance, or give it a `control`. It is
 * encapsulated: its error handler and its body parser are for its own routes only. Best on a listener of its own.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type AdminOptions, checkAdminOptions } from '../src/admin/admin-options.ts'
import { hasJsonOrNothing, readBody } from '../src/admin/body.ts'
import { createDoor } from '../src/admin/door.ts'
import { createEventStream } from '../src/admin/event-stream.ts'
import { OTHER_ROUTES, openApi } from '../src/admin/open-api.ts'
import { openRoutes } from '../src/admin/open-routes.ts'
import { createOriginGuard } from '../src/admin/origin-guard.ts'
import { createPreviews } from '../src/admin/previews.ts'
import { createProblem, problemOf } from '../src/admin/problem.ts'
import type { AdminReply, AdminRoute } from '../src/admin/route.ts'
import { adminRoutes } from '../src/admin/routes.ts'
import { statusOf } from '../src/admin/status.ts'
import { checkBodyFields, parseStrictObject } from '../src/admin/strict-json.ts'
import { IntermissionError } from '../src/errors.ts'
import { packageVersion } from '../src/package-root.ts'
import type { Control } from '../src/state/control.ts'
import type { OpenMaintenance } from '../src/state/maintenance.ts'

export type { AdminOptions } from '../src/admin/admin-options.ts'
export type { PreviewPage, PreviewRequest } from '../src/admin/previews.ts'
export type { ReloadNow, ReloadOutcome, ReloadProblem } from '../src/admin/reload-routes.ts'
export type { MemberStatus, SiteFacts, StatusSources, StoreStatus } from '../src/admin/status.ts'
export type { AdminToken, TokenScope } from '../src/admin/tokens.ts'

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

const BODY_LIMIT_BYTES = 16 * 1024
const TOO_LARGE = Symbol('too large')
// An operator must be able to end a maintenance of the app that the admin API is in.
const config = { intermission: { bypass: true } }

async function admin(fastify: FastifyInstance, options: AdminOptions): Promise<void> {
  checkAdminOptions(options)
  const control = findControl(fastify, options)
  const door = createDoor(options.tokens)
  const findRefusal = createOriginGuard(options.hosts)
  const { ready = () => true, origins = () => [], metrics, notFound = fastify.prefix !== '' } = options
  const sources = { ...options.status, ready }
  const previews = createPreviews(options.preview ?? (() => undefined))
  const routes = [...adminRoutes(control, { ...options, sources, origins }), previews.route]
  const description = openApi([...routes, ...OTHER_ROUTES], packageVersion())
  const events = createEventStream({
    snapshot: () => statusOf(control, sources),
    onChange: control.onChange,
    isOpen: ready
  })
  // An endless answer would keep the app from closing.
  fastify.addHook('preClose', async () => events.close())
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
    GET(_request, reply) {
      if (ready()) return sendJson(reply, 200, { ready: true })
      return sendJson(reply, 503, createProblem(503, 'Not ready for traffic.'))
    }
  })

  for (const { path, find } of openRoutes(previews, notFound)) {
    route(fastify, path, {
      GET(request, reply) {
        const file = find(request.params as Record<string, string>)
        if (file === undefined) return sendJson(reply, 404, createProblem(404))
        return reply.headers(file.headers).send(file.content)
      }
    })
  }

  await fastify.register(async (guarded) => {
    guarded.addHook('onRequest', (request, reply, done) => {
      const peer = request.socket.remoteAddress
      const entered = door.enter(request.method, request.headers.authorization, peer)
      if ('holder' in entered) {
        holders.set(request, entered.holder)
        return done()
      }
      const { problem, headers } = entered
      request.log.warn({ field: problem.field, status: problem.status, peer }, 'admin request refused')
      sendJson(reply.headers(headers), problem.status, problem)
    })
    guarded.addHook('onRequest', (request, reply, done) => {
      if (hasJsonOrNothing(request.headers)) return done()
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

    for (const [path, handlers] of handlersOf(routes)) route(guarded, path, handlers)
    route(guarded, '/openapi.json', { GET: (_request, reply) => sendJson(reply, 200, description) })
    route(guarded, '/events', {
      GET: (request, reply) => {
        const detail = 'Too many are listening already, or it is stopping.'
        if (!events.hasRoom) return sendJson(reply, 503, createProblem(503, detail))
        reply.hijack()
        events.open(request.raw, reply.raw)
      }
    })
    if (metrics !== undefined) {
      route(guarded, '/metrics', {
        GET: async (_, reply) => reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics())
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

  function handlersOf(all: readonly AdminRoute[]): Map<string, Record<string, Handler>> {
    const found = new Map<string, Record<string, Handler>>()
    for (const { method, path, body: fields = {}, run } of all) {
      const handler: Handler = async (request, reply) => {
        const body = checkBodyFields(request.body, Object.keys(fields))
        const params = request.params as Record<string, string>
        const ifMatch = request.headers['if-match']
        const holder = holders.get(request) ?? 'admin'
        return send(reply, await run({ params, body, ifMatch, holder }))
      }
      const url = path.replace(/\{(\w+)\}/g, ':$1')
      found.set(url, { ...found.get(url), [method]: handler })
    }
    return found
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

function send(reply: FastifyReply, { status, content, revision, location }: AdminReply): FastifyReply {
  if (revision !== undefined) reply.header('etag', `"${revision}"`)
  if (location !== undefined) reply.header('location', location)
  return sendJson(reply, status, content)
}

// As text, so that serializers of the app have no part in it.
function sendJson(reply: FastifyReply, status: number, content: object): FastifyReply {
  const type = status >= 400 ? 'application/problem+json' : 'application/json; charset=utf-8'
  return reply.code(status).type(type).send(JSON.stringify(content))
}

function findControl(fastify: FastifyInstance, options: AdminOptions): Control {
  if (options.control !== undefined) return options.control
  type Around = Partial<OpenMaintenance>
  const around = fastify.hasDecorator('maintenance') && fastify.getDecorator<Around>('maintenance').control
  if (around) return around
  throw new IntermissionError(
    'ERR_PLUGIN_MISUSE',
    'admin: there is nothing to administrate; register the maintenance plugin before it, or give it the option control'
  )
}

export { admin }
export default fp(admin, { name: 'fastify-intermission/admin', fastify: '5.x', encapsulate: true })
