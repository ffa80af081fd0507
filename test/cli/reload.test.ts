import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import WebSocket, { WebSocketServer } from 'ws'
import { makeCertificate } from '../helpers/certificate.ts'
import { configured, freePort, named, textOf } from '../helpers/configured.ts'
import { callGateway } from '../helpers/gateway-status.ts'
import { intermission } from '../helpers/process.ts'
import { rawClient } from '../helpers/raw-client.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { okUpstream } from '../helpers/upstream.ts'

test('reload puts a new upstream into force; a request that is under way ends at the old one', async (t) => {
  const [one, two] = [await named(t, 'one'), await named(t, 'two')]
  const { gateway, write, reload } = await configured(t, [`upstream: ${one}`])
  const slow = textOf(`${gateway.url}/slow`)
  await sleep(200)
  write([`upstream: ${two}`, 'drainTimeout: 5s'])
  const { code, stdout } = await reload()
  assert.equal(code, 0)
  assert.match(stdout, /^reloaded; changed: upstream, drainTimeout$/m)
  assert.equal(await textOf(gateway.url), 'two')
  assert.equal(Number((await callGateway(gateway, 'GET', '/status')).inFlight), 1)
  assert.equal(await slow, 'one')
})

test('SIGHUP reloads, and a broken configuration changes nothing and says what is wrong and where', async (t) => {
  const [one, two] = [await named(t, 'one'), await named(t, 'two')]
  const { gateway, path, write, reload } = await configured(t, [`upstream: ${one}`])
  write([`upstream: ${two}`, 'connectTimeout: fast', 'pages: nowhere'])
  gateway.signal('SIGHUP')
  await gateway.waitFor(/"msg":"reload refused/)
  const { code, stdout, stderr } = await reload()
  assert.equal(code, 2)
  assert.equal(stdout, '')
  assert.ok(stderr.includes(`${path}:2:17: connectTimeout: "fast" is not allowed`), stderr)
  write([`upstream: ${two}`, 'pages: nowhere'])
  assert.match((await reload()).stderr, /intermission\.yaml:2:8: pages: ".*nowhere" is not allowed/)
  assert.equal(await textOf(gateway.url), 'one')
  write([`upstream: ${two}`])
  gateway.signal('SIGHUP')
  await gateway.waitFor(/"msg":"configuration reloaded"/)
  assert.equal(await textOf(gateway.url), 'two')
  const token = readFileSync(join(gateway.stateDir, 'admin-token'), 'utf8').trim()
  const headers = { authorization: `Bearer ${token}` }
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`, { headers })).text()
  assert.match(metrics, /^intermission_reloads_total\{outcome="ok"\} 1$/m)
  assert.match(metrics, /^intermission_reloads_total\{outcome="refused"\} 3$/m)
  assert.match(metrics, /^intermission_config_last_reload_successful 1$/m)
})

test('what only a restart can change is refused by name, with the rest of the file', async (t) => {
  const [one, two] = [await named(t, 'one'), await named(t, 'two')]
  const { gateway, write, reload } = await configured(t, [`upstream: ${one}`])
  write([`upstream: ${two}`, 'workers: 2', 'store: "memory:"'])
  const { code, stderr } = await reload('--json')
  assert.equal(code, 2)
  assert.match(stderr, /refused/)
  const { stderr: said } = await reload()
  assert.match(said, /:2:10: workers: 2 takes a restart; a reload cannot change it from 1/)
  assert.match(said, /:3:8: store: "memory:" takes a restart/)
  assert.equal(await textOf(gateway.url), 'one')
})

test('a reload opens new listeners, keeps those that are the same and closes the others without cutting anything', async (t) => {
  const app = await named(t, 'app')
  const [stays, goes, comes] = [await freePort(), await freePort(), await freePort()]
  const at = (...ports: number[]): string =>
    `listen: [${ports.map((port) => `127.0.0.1:${port}`).join(', ')}]`
  const { gateway, write, reload } = await configured(t, [`upstream: ${app}`, at(stays, goes)], null)
  const kept = connect(stays, '127.0.0.1')
  const slow = textOf(`http://127.0.0.1:${goes}/slow`)
  await sleep(200)
  write([`upstream: ${app}`, at(stays, comes), 'keepAliveTimeout: 7s'])
  assert.equal((await reload()).code, 0)
  assert.match(gateway.stdout, new RegExp(`^intermission listening on http://127.0.0.1:${comes}$`, 'm'))
  assert.equal(await textOf(`http://127.0.0.1:${comes}`), 'app')
  // Not by fetch, which may have the connection of the slow request at hand: one more request on it is answered.
  await assert.rejects(rawClient(t, goes), { code: 'ECONNREFUSED' })
  assert.equal(await slow, 'app')
  kept.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.match(String(await new Promise((resolve) => kept.once('data', resolve))), /^HTTP\/1.1 200/)
  const { headers } = await fetch(`http://127.0.0.1:${stays}`)
  assert.equal(headers.get('keep-alive'), 'timeout=7')
  // One that is in use by somebody else: nothing is changed.
  const taken = createServer().listen(0, '127.0.0.1')
  t.after(() => void taken.close())
  await new Promise((resolve) => taken.once('listening', resolve))
  write([`upstream: ${app}`, at(stays, (taken.address() as { port: number }).port)])
  const refused = await reload()
  assert.equal(refused.code, 2)
  assert.match(
    refused.stderr,
    /^reload: listen: cannot listen on 127\.0\.0\.1:\d+: something else listens there/
  )
  assert.equal(await textOf(`http://127.0.0.1:${comes}`), 'app')
})

function tlsPeer(url: string): Promise<TLSSocket> {
  const socket = connectTls({ port: Number(new URL(url).port), host: '127.0.0.1', rejectUnauthorized: false })
  return new Promise((resolve, reject) =>
    socket.once('secureConnect', () => resolve(socket)).once('error', reject)
  )
}

test('after a reload new handshakes see the new certificate, and open connections live', async (t) => {
  const app = await named(t, 'app')
  const dir = tempDir(t)
  const put = (names: string[]): void => {
    const { certPath, keyPath } = makeCertificate(t, { names })
    copyFileSync(certPath, join(dir, 'cert.pem'))
    copyFileSync(keyPath, join(dir, 'key.pem'))
  }
  put(['old.example'])
  const { gateway, reload } = await configured(t, [
    `upstream: ${app}`,
    `tlsCert: ${join(dir, 'cert.pem')}`,
    `tlsKey: ${join(dir, 'key.pem')}`
  ])
  const open = await tlsPeer(gateway.url)
  t.after(() => open.destroy())
  assert.equal(open.getPeerCertificate().subject.CN, 'old.example')
  put(['new.example'])
  assert.equal((await reload()).code, 0)
  const fresh = await tlsPeer(gateway.url)
  t.after(() => fresh.destroy())
  assert.equal(fresh.getPeerCertificate().subject.CN, 'new.example')
  open.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.match(String(await new Promise((resolve) => open.once('data', resolve))), /^HTTP\/1.1 200/)
  // A key that is not the certificate's: nothing is changed.
  copyFileSync(makeCertificate(t).keyPath, join(dir, 'key.pem'))
  const { code, stderr } = await reload()
  assert.equal(code, 2)
  assert.match(stderr, /intermission\.yaml:3:9: tlsKey: ".*" is not the key of/)
  const still = await tlsPeer(gateway.url)
  t.after(() => still.destroy())
  assert.equal(still.getPeerCertificate().subject.CN, 'new.example')
})

test('what is held goes to the upstream of the new configuration, once, and is counted once', async (t) => {
  const [one, two] = [await okUpstream(t), await okUpstream(t)]
  const { gateway, write, reload } = await configured(t, [`upstream: ${one.url}`])
  await callGateway(gateway, 'PUT', '/maintenance', { mode: 'hold' })
  const held = [fetch(`${gateway.url}/a`), fetch(`${gateway.url}/b`, { method: 'POST', body: 'b' })]
  await waitUntil(async () => Number((await callGateway(gateway, 'GET', '/status')).held) === 2)
  write([`upstream: ${two.url}`])
  assert.equal((await reload()).code, 0)
  assert.equal(Number((await callGateway(gateway, 'GET', '/status')).held), 2)
  await callGateway(gateway, 'DELETE', '/maintenance')
  assert.deepEqual(
    (await Promise.all(held)).map(({ status }) => status),
    [200, 200]
  )
  assert.equal(one.seen.length, 0)
  assert.deepEqual(two.seen.map(({ url }) => url).sort(), ['/a', '/b'])
  await waitUntil(() => (gateway.stdout.match(/"path":"\/[ab]"/g) ?? []).length === 2)
  await sleep(100)
  assert.equal((gateway.stdout.match(/"path":"\/[ab]"/g) ?? []).length, 2)
})

test('WebSockets and what is known of an upstream outlive a reload', async (t) => {
  const app = createHttpServer((_request, response) => void response.end('app'))
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  const sockets = new WebSocketServer({ server: app })
  t.after(() => {
    for (const client of sockets.clients) client.terminate()
    app.closeAllConnections()
    app.close()
  })
  const upstream = `http://127.0.0.1:${(app.address() as { port: number }).port}`
  sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(`echo ${String(text)}`)))
  const dead = `http://127.0.0.1:${await freePort()}`
  const { gateway, write, reload } = await configured(t, [`upstream: [${upstream}, ${dead}]`])
  for (let n = 0; n < 4; n++) assert.equal(await textOf(gateway.url), 'app')
  const socket = new WebSocket(gateway.url.replace('http', 'ws'))
  t.after(() => socket.terminate())
  await new Promise((resolve) => socket.once('open', resolve))
  const known = async (): Promise<string[]> => {
    const { upstreams } = await callGateway(gateway, 'GET', '/status')
    return (upstreams as { breaker: string; connections: number }[]).map(
      ({ breaker, connections }) => `${breaker === 'closed'} ${connections > 0}`
    )
  }
  assert.deepEqual(await known(), ['true true', 'false false'])
  write([`upstream: [${upstream}, ${dead}]`, 'brandName: Shop'])
  assert.equal((await reload()).code, 0)
  assert.deepEqual(await known(), ['true true', 'false false'])
  await sleep(1500)
  assert.equal(Number((await callGateway(gateway, 'GET', '/status')).inFlight), 1)
  socket.send('still there')
  assert.equal(String(await new Promise((resolve) => socket.once('message', resolve))), 'echo still there')
})

test('sites come and go with a reload, and pages are read anew', async (t) => {
  const app = await named(t, 'app')
  const pages = join(tempDir(t), 'pages')
  mkdirSync(pages)
  writeFileSync(join(pages, 'maintenance.html'), 'our own page')
  const { gateway, write, reload } = await configured(t, [`upstream: ${app}`])
  const shop = ['sites:', '  shop:', '    hosts: [shop.example]', `    pages: ${pages}`]
  write([`upstream: ${app}`, ...shop])
  assert.match((await reload()).stdout, /changed: sites\.shop/)
  await callGateway(gateway, 'PUT', '/sites/shop/maintenance', {})
  const page = async (): Promise<string> => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
    socket.write('GET / HTTP/1.0\r\nHost: shop.example\r\nAccept: text/html\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    return text
  }
  assert.match(await page(), /503[\s\S]*our own page/)
  write([`upstream: ${app}`])
  assert.equal((await reload()).code, 0)
  assert.match(await page(), /200[\s\S]*app/)
})

for (const broken of [false, true]) {
  const outcome = broken ? 'refuses a broken configuration as a whole' : 'serves the new configuration'
  test(`with several workers each of them ${outcome}`, async (t) => {
    const [one, two] = [await named(t, 'one'), await named(t, 'two')]
    const { gateway, write, reload } = await configured(t, [`upstream: ${one}`, 'workers: 2'])
    const answers = (): Promise<string[]> => Promise.all(Array.from({ length: 8 }, () => textOf(gateway.url)))
    assert.deepEqual([...new Set(await answers())], ['one'])
    write([`upstream: ${two}`, 'workers: 2', ...(broken ? ['static: nowhere'] : [])])
    assert.equal((await reload()).code, broken ? 2 : 0)
    assert.deepEqual([...new Set(await answers())], [broken ? 'one' : 'two'])
  })
}

test('reload says when nobody answers, and when the token is wrong', async (t) => {
  const nobody = await intermission(t, ['reload', '--admin', `127.0.0.1:${await freePort()}`])
  assert.equal(nobody.code, 4)
  const { gateway } = await configured(t, [])
  const wrong = ['--admin', gateway.adminUrl.replace('http://', ''), '--admin-token', 'not-the-right-token']
  assert.equal((await intermission(t, ['reload', ...wrong])).code, 5)
})
