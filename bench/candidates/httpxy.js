import { Agent } from 'node:http'
import { serveProxy } from '../lib/serve-proxy.js'

export default {
  name: 'httpxy',
  title: 'httpxy',
  package: 'httpxy',
  kinds: ['forward', 'websocket'],
  async listen({ port, upstreamPort }) {
    const { createProxyServer } = await import('httpxy')
    const agent = new Agent({ keepAlive: true })
    serveProxy(createProxyServer({ target: `http://127.0.0.1:${upstreamPort}`, agent }), port)
  }
}
