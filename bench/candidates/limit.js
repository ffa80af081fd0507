/**
 * The least that Node can do the work with: node:http, and undici told to write straight to the response. It forwards
 * and answers, and does nothing else that a proxy has to do.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { connect } from 'node:net'

export default {
  name: 'limit',
  title: 'bare node:http + undici dispatch',
  kinds: ['forward', 'gate', 'websocket', 'http2'],
  async listen(setup) {
    const server = await create[setup.kind](setup)
    server.keepAliveTimeout = 75_000
    server.listen(setup.port, '127.0.0.1')
  }
}

const create = {
  async forward({ upstreamPort }) {
    const pool = await openPool(upstreamPort)
    return createServer((request, response) => {
      const { method, url, rawHeaders } = request
      const body = method === 'GET' ? null : request
      pool.dispatch({ method, path: url, headers: endToEnd(rawHeaders), body }, new Relay(response))
    })
  },

  gate({ page }) {
    const body = readFileSync(page, 'latin1')
    const headers = ['Content-Type', 'text/html; charset=utf-8', 'Content-Length', String(body.length)]
    return createServer((_request, response) => {
      response.writeHead(503, headers)
      response.end(body, 'latin1')
    })
  },

  websocket({ upstreamPort }) {
    return createServer().on('upgrade', (request, client) => {
      const upstream = connect(upstreamPort, '127.0.0.1')
      const fields = pairs(request.rawHeaders).map(([name, value]) => `${name}: ${value}\r\n`)
      upstream.write(`GET ${request.url} HTTP/1.1\r\n${fields.join('')}\r\n`, 'latin1')
      client.pipe(upstream).pipe(client)
      for (const socket of [client, upstream]) {
        socket.setNoDelay(true)
        socket.on('error', () => client.destroy(upstream.destroy()))
      }
    })
  },

  async http2({ upstreamPort, certificate, key }) {
    const pool = await openPool(upstreamPort)
    const tls = { cert: readFileSync(certificate), key: readFileSync(key) }
    return createSecureServer(tls, (request, response) => {
      const { method, url } = request
      const headers = ['host', request.authority]
      for (const [name, value] of pairs(request.rawHeaders)) if (name[0] !== ':') headers.push(name, value)
      pool.dispatch({ method, path: url, headers, body: null }, new Relay(response))
    })
  }
}

async function openPool(port) {
  const { Pool } = await import('undici')
  return new Pool(`http://127.0.0.1:${port}`)
}

class Relay {
  constructor(response) {
    this.response = response
  }

  onConnect(abort) {
    this.abort = abort
  }

  onHeaders(status, rawHeaders, resume) {
    this.resume = resume
    const headers = endToEnd(rawHeaders.map((bytes) => bytes.latin1Slice()))
    const { response } = this
    response.writeHead(status, response.stream ? Object.fromEntries(pairs(headers)) : headers)
    return true
  }

  onData(bytes) {
    if (this.response.write(bytes)) return true
    this.response.once('drain', this.resume)
    // Otherwise a client that left would keep the connection to the upstream for ever.
    this.response.once('close', () => this.abort())
    return false
  }

  onComplete() {
    this.response.end()
  }

  onError() {
    this.response.destroy()
  }
}

function endToEnd(flat) {
  const kept = []
  for (let i = 0; i < flat.length; i += 2) {
    if (flat[i].length === 10 && /^(?:connection|keep-alive)$/i.test(flat[i])) continue
    kept.push(flat[i], flat[i + 1])
  }
  return kept
}

function pairs(flat) {
  return flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]]] : []))
}
