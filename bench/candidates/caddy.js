import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export default {
  name: 'caddy',
  title: 'Caddy, GOMAXPROCS=1',
  program: 'caddy',
  version: ['version'],
  kinds: ['forward', 'websocket', 'http2'],
  command({ kind, dir, port, upstreamPort, certificate, key }) {
    const file = join(dir, 'Caddyfile')
    writeFileSync(
      file,
      `{
	admin off
	auto_https off
	default_sni localhost
}
${kind === 'http2' ? 'https' : 'http'}://:${port} {
	${kind === 'http2' ? `tls ${certificate} ${key}` : ''}
	reverse_proxy 127.0.0.1:${upstreamPort} {
		transport http {
			keepalive_idle_conns_per_host 256
		}
	}
}
`
    )
    const env = { GOMAXPROCS: '1', XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir, HOME: dir }
    return { file: 'caddy', args: ['run', '--adapter', 'caddyfile', '--config', file], env }
  }
}
