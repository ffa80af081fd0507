/** The two proxies that are compared: our gateway in this process, and an nginx with the usual recipe. */
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { listening } from '../helpers/listening.ts'
import { startProcess } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'

/** @returns its port */
export async function openGateway(
  t: Cleanup,
  appPort: number,
  { isClosed = false }: { isClosed?: boolean } = {}
): Promise<number> {
  const { port, app } = await listening(t, { proxy: { upstream: `http://127.0.0.1:${appPort}` } })
  if (isClosed) await app.maintenance.enter()
  return port
}

/** @returns the ports, one for each app */
export async function openNginx(t: Cleanup, nginx: string, appPorts: number[]): Promise<number[]> {
  const dir = tempDir(t)
  const ports = await freePorts(appPorts.length)
  const servers = appPorts.map(
    (app, at) => `server {
      listen 127.0.0.1:${ports[at]};
      location / {
        proxy_http_version 1.1;
        proxy_set_header Host $http_host;
        proxy_set_header Connection "";
        proxy_pass http://127.0.0.1:${app};
      }
    }`
  )
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${dir}/${name};`
  )
  writeFileSync(
    join(dir, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${dir}/pid; error_log stderr notice;
    events { worker_connections 1024; }
    http { access_log off; ${temporary.join(' ')} ${servers.join('\n')} }`
  )
  const server = startProcess(t, nginx, ['-p', dir, '-c', 'nginx.conf', '-e', 'stderr'], { group: true })
  await server.waitFor(/start worker processes/)
  return ports
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return server
    })
  )
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
