import { createServer } from 'node:http'

/** Listens with a proxy that has the two methods of http-proxy: `web` and `ws`. */
export function serveProxy(proxy, port) {
  const server = createServer((request, response) => settle(proxy.web(request, response), response))
  server.on('upgrade', (request, socket, head) => settle(proxy.ws(request, socket, head), socket))
  // A client that leaves at the end of a round is no reason to die.
  if (proxy.on) proxy.on('error', (_error, _request, out) => out?.destroy?.())
  server.keepAliveTimeout = 75_000
  server.listen(port, '127.0.0.1')
}

function settle(result, out) {
  result?.catch?.(() => out.destroy())
}
