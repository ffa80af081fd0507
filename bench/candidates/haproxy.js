import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export default {
  name: 'haproxy',
  title: 'HAProxy, 1 thread',
  program: 'haproxy',
  version: ['-v'],
  kinds: ['forward', 'websocket', 'http2'],
  command(setup) {
    const { kind, dir, port, upstreamPort } = setup
    const pem = join(dir, 'haproxy.pem')
    if (kind === 'http2') writeFileSync(pem, readFileSync(setup.certificate) + readFileSync(setup.key))
    const file = join(dir, 'haproxy.cfg')
    writeFileSync(
      file,
      `
global
  nbthread 1
  maxconn 9000
defaults
  mode http
  http-reuse always
  option forwardfor
  timeout connect 2s
  timeout client 75s
  timeout server 60s
  timeout tunnel 1h
frontend visitors
  bind 127.0.0.1:${port} ${kind === 'http2' ? `ssl crt ${pem} alpn h2,http/1.1` : ''}
  http-request set-header X-Forwarded-Proto ${kind === 'http2' ? 'https' : 'http'}
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend app
backend app
  server app1 127.0.0.1:${upstreamPort}
`
    )
    return { file: 'haproxy', args: ['-db', '-f', file] }
  }
}
