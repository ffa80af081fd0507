/**
 * Everything that is measured, in the order of the tables.
 *
 * A candidate has a name, a title and the kinds of set-up it can be given: `forward`, `gate` (answers 503 by itself),
 * `dead` (nothing listens at the upstream), `websocket`, `http2` (TLS). It has either
 * - `listen(setup)`: a server in Node, run in a process of its own by lib/serve.js, or
 * - `command(setup)`: `{ file, args, env }` of another program; `program` names it, and `version` are the words that
 *   make it tell its version. `why(kind)` says why a kind cannot be run here, or nothing;
 *   `prepare(setup)` is called once it listens.
 *
 * A setup has: kind, dir (a folder of its own), port, upstreamPort, page (file of the 2 KB page), certificate, key.
 */
import caddy from './caddy.js'
import fastProxy from './fast-proxy.js'
import fastifyHttpProxy from './fastify-http-proxy.js'
import haproxy from './haproxy.js'
import httpProxy from './http-proxy.js'
import httpProxy3 from './http-proxy-3.js'
import httpxy from './httpxy.js'
import intermission from './intermission.js'
import intermissionAccessLog from './intermission-access-log.js'
import limit from './limit.js'
import nginx from './nginx.js'

export const candidates = [
  intermission,
  intermissionAccessLog,
  limit,
  nginx,
  haproxy,
  caddy,
  fastifyHttpProxy,
  httpProxy,
  httpProxy3,
  httpxy,
  fastProxy
]
