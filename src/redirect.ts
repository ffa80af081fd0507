import type { IncomingMessage, ServerResponse } from 'node:http'
import { isAcmeChallenge } from './acme-challenge.ts'
import type { Answers } from './pages/answers.ts'
import { rawTarget } from './raw-target.ts'
import { parseRequestTarget } from './upstream/request-target.ts'

export interface RedirectOptions {
  /** The port that the request came in at, and that of the https listener. */
  ports(): { own: number | null; https: number }
  /**
   * Takes what must not be redirected: the challenge by which a certificate is had (RFC 8555 section 8.3), and what is for
   * a host that no site has.
   */
  pass(request: IncomingMessage, response: ServerResponse): void
  /** Says what is wrong with a request that cannot be redirected; null when no site has its host. */
  answersFor(request: IncomingMessage): Answers | null
}

// What a browser shows in its address bar, and nothing that could lead elsewhere once it stands in front of a path.
const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9.])?)(?::(\d{1,5}))?$/i
const HTTP_PORT = 80
const HTTPS_PORT = 443

/**
 * Sends every request to https:// of the same host and target, with 308 for every method and a closed connection, as
 * Caddy does.
 */
export function createRedirect(
  options: RedirectOptions
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const raw = rawTarget(request)
    const answers = options.answersFor(request)
    if (answers === null || isAcmeChallenge(raw)) {
      options.pass(request, response)
      return
    }
    const location = locationOf(request, options.ports())
    if (location === null) {
      answers.write(request, response, { status: 400, reason: null, close: true })
      return
    }
    response.writeHead(308, { Location: location, 'Content-Length': 0, Connection: 'close' })
    response.end()
  }
}

function locationOf(request: IncomingMessage, ports: { own: number | null; https: number }): string | null {
  const target = parseRequestTarget(rawTarget(request), request.method ?? 'GET')
  if (target === null || !target.originForm.startsWith('/')) return null
  const hosts = request.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host')
  if (hosts.length > 1) return null
  const [, host, port] = HOST.exec(target.host ?? request.headers.host ?? '') ?? []
  if (host === undefined) return null
  return `https://${host}${portSuffix(port === undefined ? HTTP_PORT : Number(port), ports)}${target.originForm}`
}

// A client that names the port we listen on reaches us directly, and so it will reach our https port. Where it names
// another one, somebody in between maps ports, and https is where everybody expects it.
function portSuffix(named: number, { own, https }: { own: number | null; https: number }): string {
  return named !== own || https === HTTPS_PORT ? '' : `:${https}`
}
