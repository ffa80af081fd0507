import { Agent } from 'node:http'
import { serveProxy } from '../lib/serve-proxy.js'

export default {
  name: 'http-proxy',
  title: 'http-proxy (npm)',
  package: 'http-proxy',
  kinds: ['forward', 'websocket'],
  async listen({ port, upstreamPort }) {
    const { default: httpProxy } = await import('http-proxy')
    const agent = new Agent({ keepAlive: true })
    serveProxy(httpProxy.createProxyServer({ target: `http://127.0.0.1:${upstreamPort}`, agent }), port)
  }
}
