import { writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

export default {
  name: 'nginx',
  title: 'nginx, 1 worker',
  program: 'nginx',
  version: ['-v'],
  kinds: ['forward', 'gate', 'dead', 'websocket', 'http2'],
  command(setup) {
    const file = join(setup.dir, 'nginx.conf')
    writeFileSync(file, configuration(setup))
    return { file: 'nginx', args: ['-p', setup.dir, '-c', file, '-e', join(setup.dir, 'error.log')] }
  }
}

function configuration(setup) {
  const { kind, dir, port, upstreamPort, certificate, key } = setup
  const tls = `ssl http2; ssl_certificate ${certificate}; ssl_certificate_key ${key}`
  return `
daemon off;
master_process off;
pid ${dir}/nginx.pid;
worker_rlimit_nofile 20000;
events { worker_connections 15000; }
http {
  access_log off;
  keepalive_timeout 75s;
  keepalive_requests 100000000;
  client_body_temp_path ${dir}; proxy_temp_path ${dir}; fastcgi_temp_path ${dir}; uwsgi_temp_path ${dir}; scgi_temp_path ${dir};
  upstream app { server 127.0.0.1:${upstreamPort}; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} ${kind === 'http2' ? tls : ''};
    ${kind === 'gate' || kind === 'dead' ? ownPage(setup) : ''}
    location / { ${kind === 'gate' ? 'return 503;' : forward(kind)} }
  }
}
`
}

function ownPage({ kind, page }) {
  const root = dirname(page)
  const file = basename(page)
  return `error_page ${kind === 'gate' ? 503 : 502} /${file}; location = /${file} { internal; root ${root}; }`
}

function forward(kind) {
  const connection = kind === 'websocket' ? '$http_connection' : '""'
  return `
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection ${connection};
      ${kind === 'websocket' ? 'proxy_set_header Upgrade $http_upgrade;' : ''}
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      # A large answer goes through memory, as in the others, and not through a file.
      proxy_max_temp_file_size 0;`
}
