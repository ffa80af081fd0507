import { Agent } from 'node:http'
import { serveProxy } from '../lib/serve-proxy.js'

export default {
  name: 'http-proxy-3',
  title: 'http-proxy-3',
  package: 'http-proxy-3',
  kinds: ['forward', 'websocket'],
  async listen({ port, upstreamPort }) {
    const { createProxyServer } = await import('http-proxy-3')
    const agent = new Agent({ keepAlive: true })
    serveProxy(createProxyServer({ target: `http://127.0.0.1:${upstreamPort}`, agent }), port)
  }
}
