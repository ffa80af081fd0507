/**
 * Forwards every request that nothing before it has answered to the upstream, over connections of its own.
 *
 * Decorates `fastify.proxy`. Uses `fastify.errorPages` when it is there. Register it last: after error-pages,
 * maintenance and static-first, whose answers come first.
 */
import { type IncomingMessage, METHODS, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import httpProxy from '@fastify/http-proxy'
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import fp from 'fastify-plugin'
import { InputError } from '../src/errors.ts'
import { createAnswers, type Problem } from '../src/pages/answers.ts'
import { rawTarget } from '../src/raw-target.ts'
import { answerForFailure, type UpstreamError } from '../src/upstream/failure.ts'
import { createPeerLookup, type TrustForwarded } from '../src/upstream/forwarded.ts'
import { createPool } from '../src/upstream/pool.ts'
import { Relay } from '../src/upstream/relay.ts'
import { buildRequestHead, isRefusal, type Refusal } from '../src/upstream/request-head.ts'
import { parseUpstreamTarget } from '../src/upstream/target.ts'
import { routeUpgrade, upgradedClient } from '../src/upstream/tunnel.ts'

export interface ProxyOptions {
  /** Where the app listens: `http://host[:port]` or `unix:/path/to.sock`. */
  upstream: string
  /** Longest wait for a connection, in milliseconds. Default 2000; then 504. */
  connectTimeoutMs?: number
  /** Longest wait for the first byte of a response once the request is sent, in milliseconds. Default 60000; then 504. */
  responseTimeoutMs?: number
  /** Longest silence inside a response, in milliseconds. Default 60000; then the response is cut. */
  idleTimeoutMs?: number
  /** Peers whose X-Forwarded-* fields are believed: addresses and CIDR ranges. Default none. */
  trustProxy?: readonly string[]
  /**
   * Which of those fields: `for` believes X-Forwarded-For and sets -Proto and -Host from the connection, as nginx's usual
   * recipe does; `all` believes all three, for a gateway behind something that ends TLS. Default `for`.
   */
  trustForwarded?: TrustForwarded
  /** Statuses of the upstream that are replaced by an error page (nginx: `proxy_intercept_errors`). Default none. */
  interceptErrors?: readonly number[]
}

/** What the proxy is doing right now. */
export interface Proxy {
  /** Requests that were handed to the upstream and are not finished, upgraded connections included. */
  readonly inFlight: number
  /** Connections to the upstream, busy or kept. */
  readonly connections: number
}

declare module 'fastify' {
  interface FastifyInstance {
    proxy: Proxy
  }
}

async function proxy(fastify: FastifyInstance, options: ProxyOptions): Promise<void> {
  const target = parseUpstreamTarget(options.upstream)
  const timeouts = {
    connectTimeoutMs: positive(options, 'connectTimeoutMs', 2000),
    responseTimeoutMs: positive(options, 'responseTimeoutMs', 60_000),
    idleTimeoutMs: positive(options, 'idleTimeoutMs', 60_000)
  }
  const intercepted = interceptedStatuses(options.interceptErrors ?? [])
  const peerOf = createPeerLookup(options.trustProxy, options.trustForwarded)
  const pool = createPool({ target: target.connect, timeouts })
  const answers = fastify.hasDecorator('errorPages') ? fastify.errorPages : createAnswers()
  const isIntercepted = (status: number): boolean => intercepted.has(status)
  let inFlight = 0
  const tunnels = new Set<() => void>()

  fastify.decorate('proxy', {
    get inFlight() {
      return inFlight
    },
    get connections() {
      return pool.size
    }
  })

  function forward(fastifyRequest: FastifyRequest, reply: FastifyReply): void {
    reply.hijack()
    const request = fastifyRequest.raw
    const response = reply.raw
    const upgraded = upgradedClient(request)
    const requestHead = buildRequestHead(request, {
      target: rawTarget(request),
      peer: peerOf(request.socket),
      upgrade: upgraded?.protocol ?? null,
      defaultHost: target.host
    })
    const answer = (problem: Problem): void => {
      answers.write(request, response, { requestId: fastifyRequest.id, ...problem })
    }
    if (isRefusal(requestHead)) {
      refuse(requestHead, response, answer)
      return
    }
    const { log } = fastifyRequest
    let endTunnel: (() => void) | null = null
    const relay = new Relay({
      request,
      response,
      requestHead,
      upgraded,
      extraHeaders: setOnReply(reply),
      isIntercepted,
      onIntercepted(status) {
        answer({ status, reason: 'intercepted' })
      },
      onFailure(error) {
        const failure = answerForFailure(error.reason)
        logFailure(log, error)
        if (failure !== null) answer(failure)
      },
      onCut(error) {
        logFailure(log, error)
      },
      onTunnel(end) {
        endTunnel = end
        tunnels.add(end)
      },
      onSettled() {
        inFlight--
        if (endTunnel !== null) tunnels.delete(endTunnel)
      }
    })
    inFlight++
    const { method = 'GET' } = request
    const repeatable = !requestHead.hasBody && upgraded === null && isSafe(method)
    pool.dispatch(
      {
        method,
        head: requestHead.head,
        hasBody: requestHead.hasBody,
        upgrade: upgraded !== null,
        repeatable
      },
      relay
    )
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
      httpMethods: fastify.supportedMethods as HTTPMethods[],
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
    for (const end of tunnels) end()
  })
  fastify.addHook('onClose', async () => {
    fastify.server.off('upgrade', onUpgrade)
    pool.close()
  })
}

function refuse(refusal: Refusal, response: ServerResponse, answer: (problem: Problem) => void): void {
  if (refusal.status === 405)
    response.setHeader('Allow', METHODS.filter((name) => name !== 'TRACE' && name !== 'CONNECT').join(', '))
  // What follows on this connection may not be what it seems.
  answer({ status: refusal.status, reason: null, close: refusal.status !== 405 })
}

// Fastify answers 415 to a Content-Type that it cannot read; the true one stays in `rawHeaders`, which is what is sent.
function hideContentType(request: FastifyRequest, _reply: FastifyReply, done: () => void): void {
  request.raw.headers['content-type'] = 'application/octet-stream'
  done()
}

// RFC 9110 section 9.2.1, of those that an app may be sent twice without harm.
function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

const NOTHING: string[] = []

// Fields that hooks of the app have set on the reply belong to the answer, whoever gives it.
function setOnReply(reply: FastifyReply): string[] {
  const headers = reply.getHeaders()
  let flat = NOTHING
  for (const name in headers) {
    const value = headers[name]
    if (flat === NOTHING) flat = []
    for (const one of Array.isArray(value) ? value : [value]) flat.push(name, String(one))
  }
  return flat
}

function logFailure(log: FastifyRequest['log'], error: UpstreamError): void {
  if (error.reason === 'client-gone') return
  log.warn({ err: error, cause: error.reason }, 'upstream request failed')
}

function positive(
  options: ProxyOptions,
  name: 'connectTimeoutMs' | 'responseTimeoutMs' | 'idleTimeoutMs',
  fallback: number
): number {
  const value = options[name] ?? fallback
  if (!Number.isFinite(value) || value <= 0) throw new InputError(name, value, 'milliseconds above 0')
  return value
}

function interceptedStatuses(statuses: readonly number[]): Set<number> {
  for (const status of statuses) {
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new InputError('interceptErrors', status, 'statuses from 400 to 599')
    }
  }
  return new Set(statuses)
}

export { proxy }
export default fp(proxy, { name: 'fastify-intermission/proxy', fastify: '5.x' })
