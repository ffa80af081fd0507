import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { makeCertificate } from '../helpers/certificate.ts'
import { type GatewayProcess, intermission, run, startGateway } from '../helpers/process.ts'
import { rawExchange } from '../helpers/raw-client.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { requireTool } from '../helpers/tools.ts'
import { httpUpstream, type Upstream } from '../helpers/upstream.ts'

const named = (t: Cleanup, name: string): Promise<Upstream> =>
  httpUpstream(t, (_request, response) => response.end(name))

const portOf = (gateway: GatewayProcess): number => Number(new URL(gateway.url).port)

/** A gateway in front of the sites shop and blog, and of what the top level says. */
async function startSites(t: Cleanup, top: string, args: string[] = []): Promise<GatewayProcess> {
  const [shop, blog, others] = await Promise.all(['shop', 'blog', 'others'].map((name) => named(t, name)))
  const dir = tempDir(t)
  for (const folder of ['shop-pages', 'static']) mkdirSync(join(dir, folder))
  writeFileSync(join(dir, 'shop-pages/50x.html'), '<!doctype html><title>x</title><p>the shop is closed')
  writeFileSync(join(dir, 'static/file.txt'), 'a file of the blog')
  const file = join(dir, 'gateway.yaml')
  writeFileSync(
    file,
    `upstream: ${others!.url}
${top}
sites:
  shop:
    hosts: [shop.example, "*.shop.example"]
    upstream: ${shop!.url}
    pages: shop-pages
  blog:
    hosts: blog.example
    upstream: ${blog!.url}
    static: static
`
  )
  return startGateway(t, ['--config', file, ...args])
}

async function ask(t: Cleanup, port: number, host: string, path = '/'): Promise<string> {
  const fields = ['Accept: text/plain', 'Connection: close'].join('\r\n')
  const text = await rawExchange(t, port, `GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n\r\n`)
  const [head = '', body = ''] = text.split('\r\n\r\n')
  return `${head.split(' ')[1]} ${body.trim()}`
}

test('each site has its own app, files and pages, and strangers get the site default', async (t) => {
  const gateway = await startSites(t, '')
  const port = portOf(gateway)
  assert.equal(await ask(t, port, 'shop.example'), '200 shop')
  assert.equal(await ask(t, port, 'north.SHOP.example.:80'), '200 shop')
  assert.equal(await ask(t, port, 'blog.example'), '200 blog')
  assert.equal(await ask(t, port, 'blog.example', '/file.txt'), '200 a file of the blog')
  assert.equal(await ask(t, port, 'shop.example', '/file.txt'), '200 shop')
  assert.equal(await ask(t, port, 'elsewhere.example'), '200 others')
  assert.equal(await ask(t, port, 'elsewhere.example', 'http://blog.example/'), '200 blog')
})

test('over HTTP/2 a site is chosen by :authority, on one connection for several', async (t) => {
  const curl = requireTool(t, 'curl')
  if (curl === undefined) return
  const { certPath, keyPath } = makeCertificate(t)
  const gateway = await startSites(t, '', ['--tls-cert', certPath, '--tls-key', keyPath, '--http2', 'on'])
  const urls = ['shop.example', 'blog.example'].flatMap((host) => [
    ...['--next', '-sk', '--http2', '--connect-to', `${host}:443:127.0.0.1:${portOf(gateway)}`],
    ...['-w', ' over %{http_version}\n', `https://${host}/`]
  ])
  const { stdout } = await run(t, curl, urls.slice(1))
  assert.equal(stdout, 'shop over 2\nblog over 2\n')
})

test('a host that no site has is refused with 421 when told so, in the form that the client likes', async (t) => {
  const gateway = await startSites(t, 'unknownHost: refuse\n')
  const port = portOf(gateway)
  assert.equal(await ask(t, port, 'shop.example'), '200 shop')
  assert.match(await ask(t, port, 'elsewhere.example'), /^421 421 Misdirected Request/)
  assert.match(await ask(t, port, 'shop.example', 'http://elsewhere.example/'), /^421 /)
  const http10 = await rawExchange(t, port, 'GET / HTTP/1.0\r\nAccept: application/json\r\n\r\n')
  assert.match(http10, /^HTTP\/1\.1 421 [\s\S]*^Content-Type: application\/problem\+json\r$/im)
  const upgrade = await rawExchange(
    t,
    port,
    'GET / HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  )
  assert.match(upgrade, /^HTTP\/1\.1 421 /)
  assert.match(gateway.stdout, /"host":"elsewhere\.example","path":"\/","status":421/)
})

test('one site alone can be kept to its hosts', async (t) => {
  const upstream = await named(t, 'the app')
  const args = ['--upstream', upstream.url, '--hosts', 'shop.example', '--unknown-host', 'refuse']
  const port = portOf(await startGateway(t, args))
  assert.equal(await ask(t, port, 'shop.example:1'), '200 the app')
  assert.match(await ask(t, port, `127.0.0.1:${port}`), /^421 /)
})

test('the redirecting listener sends visitors of each site to https, and strangers nowhere', async (t) => {
  const { certPath, keyPath } = makeCertificate(t)
  const tls = ['--tls-cert', certPath, '--tls-key', keyPath, '--redirect-listen', '127.0.0.1:0']
  const gateway = await startSites(t, 'unknownHost: refuse\n', tls)
  const port = Number(new URL(await gateway.waitFor(/redirecting on (http:\S+)/)).port)
  assert.match(
    await rawExchange(t, port, 'GET /a HTTP/1.1\r\nHost: shop.example\r\n\r\n'),
    /^HTTP\/1\.1 308 /
  )
  assert.match(await ask(t, port, 'elsewhere.example'), /^421 /)
  const challenge = '/.well-known/acme-challenge/token'
  assert.equal(await ask(t, port, 'blog.example', challenge), '200 blog')
})

test('the admin API under a path of the public listeners is there for every host', async (t) => {
  const gateway = await startSites(t, 'unknownHost: refuse\n', ['--admin-path', '/-/admin'])
  const base = `${gateway.url}/-/admin`
  assert.equal((await fetch(`${base}/livez`)).status, 200)
  assert.equal((await fetch(`${base}/maintenance`)).status, 401)
  assert.equal((await fetch(`${base}/elsewhere`)).status, 401)
  assert.equal(await ask(t, portOf(gateway), 'shop.example', '/-/admin'), '200 shop')
  const upgrade = await rawExchange(
    t,
    portOf(gateway),
    `GET /-/admin/livez HTTP/1.1\r\nHost: 127.0.0.1:${portOf(gateway)}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
  )
  assert.match(upgrade, /^HTTP\/1\.1 403 /)
})

test('without an admin API there is no token', async (t) => {
  const gateway = await startGateway(t, ['--admin', 'off'])
  const { stdout } = await run(t, 'ls', [gateway.stateDir])
  assert.doesNotMatch(stdout, /admin-token/)
})

test('a line of the log names its site once, and none where it is about the process', async (t) => {
  const gateway = await startSites(t, '')
  const where = ['--admin', gateway.adminUrl, '--state-dir', gateway.stateDir]
  const { code } = await intermission(t, ['enter', '--site', 'shop', ...where])
  assert.equal(code, 0)
  const line = await gateway.waitFor(/(.*"maintenance entered".*)/)
  assert.equal(line.match(/"site":/g)?.length, 1, line)
  assert.equal(JSON.parse(line).site, 'shop')
  await gateway.stop()
  const draining = /.*"draining".*/.exec(gateway.stdout)?.[0] ?? '{}'
  assert.deepEqual([JSON.parse(draining).msg, JSON.parse(draining).site], ['draining', undefined])
})
