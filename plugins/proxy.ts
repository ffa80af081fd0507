/**
 * Forwards every request that nothing before it has answered to the upstream, over connections of its own.
 *
 * Decorates `fastify.proxy`. Uses `fastify.errorPages` when it is there. Register it last: after error-pages,
 * maintenance and static-first, whose answers come first.
 */
import { type IncomingMessage, METHODS, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isBypassed } from '../src/bypass-traces.ts'
import { observeEarly } from '../src/observation.ts'
import { createAnswers, type Problem } from '../src/pages/answers.ts'
import { rawTarget } from '../src/raw-target.ts'
import { type Backend, createBackend } from '../src/upstream/backend.ts'
import { answerForFailure, type UpstreamError } from '../src/upstream/failure.ts'
import { hideContentType, setOnReply } from '../src/upstream/framework-fields.ts'
import { passesNow } from '../src/upstream/health-check.ts'
import { createIdleWatch } from '../src/upstream/idle-watch.ts'
import { watchAbandoned } from '../src/upstream/leftover.ts'
import { type ProxyOptions, resolveProxyOptions } from '../src/upstream/proxy-options.ts'
import { refuse } from '../src/upstream/refuse.ts'
import { Relay } from '../src/upstream/relay.ts'
import { buildRequestHead, isRefusal } from '../src/upstream/request-head.ts'
import { logFailure, tellingLog } from '../src/upstream/telling-log.ts'
import { routeUpgrade, upgradedClient } from '../src/upstream/tunnel.ts'
import { upstreamRequest } from '../src/upstream/upstream-request.ts'
import { statusOf, type UpstreamStatus } from '../src/upstream/upstream-status.ts'

export type { ProxyOptions } from '../src/upstream/proxy-options.ts'
export type { UpstreamStatus } from '../src/upstream/upstream-status.ts'

/** What the proxy is doing right now. */
export interface Proxy {
  /** Requests that were handed to the upstream and are not finished, upgraded connections included. */
  readonly inFlight: number
  /** Requests that wait for an app that refuses connections. */
  readonly held: number
  /** Of those in flight, connections of another protocol, such as WebSockets. */
  readonly tunnels: number
  /** What is known of each upstream, in the order of the option. */
  readonly upstreams: readonly UpstreamStatus[]
  /** Whether there is an upstream that is not known to be gone. When there is none, it looks again. */
  isReachable(): boolean
  /** Looks right now whether one of the upstreams works, by the health check if there is one. */
  isHealthy(): Promise<boolean>
  /**
   * Answers a request that nobody is there for without the life cycle of Fastify: where no routes or hooks of others are.
   * @returns false for what is to go to the app's `routing`
   */
  turnAway(request: IncomingMessage, response: ServerResponse): boolean
  /** Tells the WebSockets that were begun here that the server is going away: for a process that stops. */
  closeWebSockets(): void
  /** Takes the place of the proxy that the option `replaces` names. */
  takeOver(): void
  /** Resolves when nothing is under way that this proxy has forwarded. */
  finished(): Promise<void>
}

export interface ProxyPluginOptions extends ProxyOptions {
  /**
   * The proxy of another app in this process whose place this one will take: upstreams that both have keep their connections
   * and what is known of them, and requests that wait there go on here. Default: none.
   */
  replaces?: Proxy | undefined
}

declare module 'fastify' {
  interface FastifyInstance {
    proxy: Proxy
  }
}

const backends = new WeakMap<Proxy, Backend>()

async function proxy(fastify: FastifyInstance, options: ProxyPluginOptions): Promise<void> {
  const { replaces, ...given } = options
  const resolved = resolveProxyOptions(given)
  const { targets, intercepted, peerOf, maxRequests } = resolved
  const backend = createBackend(
    { ...resolved, ...tellingLog(fastify.log) },
    replaces && backends.get(replaces)
  )
  const { forwarder } = backend
  const bodyWatch = createIdleWatch(resolved.clientIdleTimeoutMs)
  const answers = fastify.hasDecorator('errorPages') ? fastify.errorPages : createAnswers()
  const isIntercepted = (status: number): boolean => intercepted.has(status)
  const { inFlight } = fastify.hasDecorator('maintenance') ? fastify.maintenance : { inFlight: null }
  const onAbandoned = watchAbandoned(inFlight, {
    timeoutMs: resolved.abandonedTimeoutMs,
    answerTimeoutMs: resolved.timeouts.responseTimeoutMs
  })
  const isLetIn = (request: IncomingMessage): boolean => inFlight === null || fastify.gate.letsIn(request)

  const own: Proxy = {
    get inFlight() {
      // Who has left may be counted as held for a moment longer.
      return Math.max(0, backend.unsettled - forwarder.held)
    },
    get held() {
      return forwarder.held
    },
    get tunnels() {
      return backend.tunnels
    },
    isReachable: forwarder.isReachable,
    async isHealthy() {
      const { healthCheck } = resolved
      return (await Promise.all(forwarder.upstreams.map((one) => passesNow(one, healthCheck)))).includes(true)
    },
    get upstreams() {
      return forwarder.upstreams.map(statusOf)
    },
    turnAway,
    closeWebSockets: backend.closeWebSockets,
    takeOver: backend.takeOver,
    finished: backend.finished
  }
  backends.set(own, backend)
  fastify.decorate('proxy', own)

  const hasFiles = fastify.hasPlugin('fastify-intermission/static-first')
  // What files or a gate may have a say in is for the hooks.
  function mayTurnAway(request: IncomingMessage): boolean {
    if (hasFiles || backend.unsettled >= maxRequests) return false
    return inFlight === null || !fastify.gate.concerns(request)
  }

  function turnAway(request: IncomingMessage, response: ServerResponse): boolean {
    // First, since it is null for every request while the app is there.
    const gone = forwarder.refusal()
    if (gone === null || !mayTurnAway(request)) return false
    const failure = answerForFailure(gone.reason)
    if (failure === null || isRefusal(headOf(request, upgradedClient(request)))) return false
    const requestId = observeEarly(fastify, request, response)
    logFailure(fastify.log, requestId, gone)
    answers.write(request, response, { requestId, ...failure })
    return true
  }

  function headOf(request: IncomingMessage, upgraded: ReturnType<typeof upgradedClient>) {
    return buildRequestHead(request, {
      target: rawTarget(request),
      peer: peerOf(request.socket),
      upgrade: upgraded?.protocol ?? null,
      defaultHost: targets[0]!.host
    })
  }

  function forward(fastifyRequest: FastifyRequest, reply: FastifyReply): void {
    reply.hijack()
    const request = fastifyRequest.raw
    const response = reply.raw
    const upgraded = upgradedClient(request)
    const requestHead = headOf(request, upgraded)
    const answer = (problem: Problem): void => {
      answers.write(request, response, { requestId: fastifyRequest.id, ...problem })
    }
    if (isRefusal(requestHead)) {
      refuse(requestHead, response, answer)
      return
    }
    if (backend.unsettled >= maxRequests) {
      answer({ status: 503, reason: 'overloaded', retryAfterSeconds: 5 })
      return
    }
    const fail = (error: UpstreamError): void => {
      const failure = answerForFailure(error.reason)
      logFailure(fastifyRequest.log, fastifyRequest.id, error)
      if (failure !== null) answer(failure)
    }
    const gone = forwarder.refusal()
    if (gone !== null) {
      fail(gone)
      return
    }
    const counter = isBypassed(request) ? null : inFlight
    const relay = new Relay({
      request,
      response,
      requestHead,
      upgraded,
      extraHeaders: setOnReply(reply),
      bodyWatch,
      isIntercepted,
      isLetIn,
      onAbandoned,
      onClientIdle() {
        answer({ status: 408, reason: null, close: true })
      },
      onIntercepted(status) {
        answer({ status, reason: 'intercepted', mayHaveArrived: true })
      },
      onFailure: fail,
      onCut(error) {
        logFailure(fastifyRequest.log, fastifyRequest.id, error)
      },
      onRevoked(isUntouched) {
        if (isUntouched) fastify.gate.receive(fastifyRequest, reply, () => forward(fastifyRequest, reply))
        else fastify.gate.refuse(request, response, fastifyRequest.id)
      },
      onTunnel() {
        backend.onTunnel(relay)
        if (inFlight !== null) fastify.gate.review(relay)
      },
      onSettled() {
        backend.end(relay)
        counter?.end(relay)
      }
    })
    backend.begin()
    counter?.begin(relay)
    forwarder.dispatch(upstreamRequest(request.method!, requestHead, upgraded !== null), relay)
  }

  // Every method that Node's parser knows, also those that Fastify does not route by itself.
  for (const method of METHODS) {
    if (!fastify.supportedMethods.includes(method)) fastify.addHttpMethod(method, { hasBody: true })
  }
  await fastify.register(async (scope) => {
    // Bodies belong to the upstream: no parser may read, refuse or limit them.
    scope.removeAllContentTypeParsers()
    scope.addHook('onRequest', hideContentType)
    await scope.register(httpProxy, {
      upstream: 'http://upstream.invalid',
      httpMethods: fastify.supportedMethods,
      config: { intermission: { forwards: true } },
      // Answers by itself and never calls back, so that http-proxy's own handler is not reached.
      preHandler: forward
    })
  })

  const onUpgrade = (request: IncomingMessage, socket: Socket, bytes: Buffer): void => {
    routeUpgrade(request, socket, bytes, fastify.routing)
  }
  fastify.server.on('upgrade', onUpgrade)
  // The server would wait for them for ever: it does not know them any more.
  fastify.addHook('preClose', async () => {
    backend.closeTunnels()
  })
  fastify.addHook('onClose', async () => {
    fastify.server.off('upgrade', onUpgrade)
    backend.close()
  })
}

export { proxy }
export default fp(proxy, { name: 'fastify-intermission/proxy', fastify: '5.x' })
