export default {
  name: 'fastify-http-proxy',
  title: '@fastify/http-proxy as documented',
  package: '@fastify/http-proxy',
  kinds: ['forward', 'websocket'],
  async listen({ kind, port, upstreamPort }) {
    const { default: Fastify } = await import('fastify')
    const { default: proxy } = await import('@fastify/http-proxy')
    const app = Fastify()
    app.register(proxy, { upstream: `http://127.0.0.1:${upstreamPort}`, websocket: kind === 'websocket' })
    await app.listen({ port, host: '127.0.0.1' })
  }
}
