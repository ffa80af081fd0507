import type { IncomingMessage } from 'node:http'

const kRawTarget = Symbol('intermission.rawTarget')

/** A request that may have its target put aside. */
type KeptRequest = IncomingMessage & { [kRawTarget]?: string }

/**
 * Fastify's `rewriteUrl` for a gateway: puts the client's request target aside and routes everything to `/`, so that
 * neither the router nor a plugin can refuse or change a target that belongs to the upstream.
 */
export function keepRawTarget(request: KeptRequest): string {
  // A request that was held comes once more, to the app that has taken the place of the first one.
  request[kRawTarget] ??= request.url ?? '/'
  return '/'
}

/** The request target as the client sent it (RFC 9112 section 3.2), whether or not {@link keepRawTarget} was used. */
export function rawTarget(request: KeptRequest): string {
  return request[kRawTarget] ?? request.url ?? '/'
}
