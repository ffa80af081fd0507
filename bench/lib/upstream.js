import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from './ports.js'
import { LOAD_CORE, listening, start } from './processes.js'

const KiB = 1024
const MiB = 1024 * KiB
const FILES = { 100: 100, '16k': 16 * KiB, '1m': MiB, '100m': 100 * MiB }
const echoServer = fileURLToPath(new URL('../clients/echo-server.js', import.meta.url))

/** Starts the apps behind the proxies. @returns the port for each kind of set-up */
export async function startUpstreams(dir) {
  const [web, inner, echo, dead] = [await freePort(), await freePort(), await freePort(), await freePort()]
  mkdirSync(join(dir, 'files'))
  for (const [name, bytes] of Object.entries(FILES))
    writeFileSync(join(dir, 'files', name), 'x'.repeat(bytes))
  const file = join(dir, 'upstream.conf')
  writeFileSync(file, configuration(dir, web, inner))
  await startOne(
    'upstream',
    'nginx',
    ['-p', dir, '-c', file, '-e', join(dir, 'upstream-error.log')],
    dir,
    web
  )
  await startOne('echo', process.execPath, [echoServer, String(echo)], dir, echo)
  return { forward: web, gate: web, http2: web, websocket: echo, dead }
}

async function startOne(name, file, args, dir, port) {
  const child = start({ name, file, args, dir, core: LOAD_CORE })
  await listening(child, port, join(dir, `${name}.log`))
}

// An answer given before the request is read would be a load of its own: the inner server makes nginx read it first.
function configuration(dir, web, inner) {
  return `
daemon off;
master_process off;
pid ${dir}/upstream.pid;
worker_rlimit_nofile 20000;
events { worker_connections 15000; }
http {
  access_log off;
  sendfile on;
  open_file_cache max=10;
  keepalive_timeout 75s;
  keepalive_requests 100000000;
  client_body_buffer_size 64k;
  client_body_temp_path ${dir}; proxy_temp_path ${dir}; fastcgi_temp_path ${dir}; uwsgi_temp_path ${dir}; scgi_temp_path ${dir};
  upstream inner { server 127.0.0.1:${inner}; keepalive 128; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${web} backlog=4096;
    root ${dir}/files;
    location = /upload {
      proxy_pass http://inner;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Content-Length "";
      proxy_pass_request_body off;
      proxy_method GET;
    }
  }
  server {
    listen 127.0.0.1:${inner} backlog=4096;
    location / { return 200 ${'x'.repeat(100)}; }
  }
}
`
}
