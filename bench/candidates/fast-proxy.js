import { createServer } from 'node:http'

export default {
  name: 'fast-proxy',
  title: 'fast-proxy',
  package: 'fast-proxy',
  kinds: ['forward'],
  async listen({ port, upstreamPort }) {
    const { default: fastProxy } = await import('fast-proxy')
    const { proxy } = fastProxy({ base: `http://127.0.0.1:${upstreamPort}` })
    const server = createServer((request, response) => proxy(request, response, request.url, {}))
    server.keepAliveTimeout = 75_000
    server.listen(port, '127.0.0.1')
  }
}
