import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { makeCertificate } from '../helpers/certificate.ts'
import { fieldsOf } from '../helpers/front.ts'
import { portOf, run, startGateway } from '../helpers/process.ts'
import { rawClient, rawExchange } from '../helpers/raw-client.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { requireTool } from '../helpers/tools.ts'
import { okUpstream, type SeenRequest } from '../helpers/upstream.ts'

test('one gateway has plain, https, unix and redirecting listeners side by side', async (t) => {
  const curl = requireTool(t, 'curl')
  if (curl === undefined) return
  const upstream = await okUpstream(t)
  const { certPath, keyPath } = makeCertificate(t)
  const socket = join(tempDir(t), 'g.sock')
  const gateway = await startGateway(t, [
    ...['--upstream', upstream.url, '--tls-cert', certPath, '--tls-key', keyPath],
    ...['--listen', '127.0.0.1:0', '--listen', 'http://127.0.0.1:0', '--listen', `unix:${socket}`],
    ...['--redirect-listen', '127.0.0.1:0', '--http2', 'on', '--admin', 'off']
  ])
  const plain = await gateway.waitFor(/listening on (http:\S+)/)
  await gateway.waitFor(/listening on unix:/)
  const redirecting = await gateway.waitFor(/redirecting on (http:\S+)/)
  assert.match(gateway.url, /^https:\/\/127\.0\.0\.1:\d+$/)
  const ask = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await run(t, curl, ['-sS', '--cacert', certPath, '--max-time', '10', ...args])
    assert.equal(stderr, '')
    return stdout
  }
  const proto = (text: string): string | undefined =>
    fieldsOf(JSON.parse(text) as SeenRequest, 'x-forwarded-proto')[0]
  const secure = gateway.url.replace('127.0.0.1', 'localhost')

  assert.equal(proto(await ask(secure)), 'https')
  assert.equal(proto(await ask('--http1.1', secure)), 'https')
  assert.equal(proto(await ask(plain)), 'http')
  assert.equal(proto(await ask('--unix-socket', socket, 'http://h/')), 'http')
  assert.equal(await ask('-o', join(tempDir(t), 'o'), '-w', '%{http_version} %{http_code}', secure), '2 200')
  const from = redirecting.replace('127.0.0.1', 'localhost')
  const to = await ask('-L', '-w', '\n%{url_effective} %{num_redirects}', '-d', 'body', `${from}/a//b?c=%zz`)
  assert.ok(to.endsWith(`\n${secure}/a//b?c=%zz 1`), to)
  assert.equal((JSON.parse(to.split('\n')[0]!) as SeenRequest).body, 'body')
})

test('a redirect leads to the host that was asked for and nowhere else', async (t) => {
  const upstream = await okUpstream(t)
  const { certPath, keyPath } = makeCertificate(t)
  const gateway = await startGateway(t, [
    ...['--upstream', upstream.url, '--tls-cert', certPath, '--tls-key', keyPath],
    ...['--redirect-listen', '127.0.0.1:0', '--admin', 'off']
  ])
  const port = portOf(await gateway.waitFor(/redirecting on (http:\S+)/))
  const https = portOf(gateway.url)
  const ask = (text: string): Promise<string> => rawExchange(t, port, `${text}\r\n\r\n`)
  const locationOf = async (text: string): Promise<string | undefined> =>
    /^HTTP\/1\.1 308 [\s\S]*^Location: (.*)\r$/m.exec(await ask(text))?.[1]

  assert.equal(await locationOf('GET /a HTTP/1.1\r\nHost: shop.test'), 'https://shop.test/a')
  assert.equal(
    await locationOf('DELETE //evil.test HTTP/1.1\r\nHost: shop.test'),
    'https://shop.test//evil.test'
  )
  assert.equal(await locationOf('GET /\\evil.test HTTP/1.1\r\nHost: [::1]:80'), 'https://[::1]/\\evil.test')
  assert.equal(await locationOf(`GET / HTTP/1.1\r\nHost: shop.test:${port}`), `https://shop.test:${https}/`)
  assert.equal(await locationOf('GET http://shop.test/a HTTP/1.1\r\nHost: evil.test'), 'https://shop.test/a')
  for (const bad of [
    'GET / HTTP/1.0',
    'GET / HTTP/1.1\r\nHost: ',
    'GET / HTTP/1.1\r\nHost: a\r\nHost: b',
    'GET / HTTP/1.1\r\nHost: user@shop.test',
    'GET / HTTP/1.1\r\nHost: shop.test/x',
    'GET / HTTP/1.1\r\nHost: shop.test\\x',
    'GET / HTTP/1.1\r\nHost: shop.test,evil.test',
    'GET /../a HTTP/1.1\r\nHost: shop.test',
    'OPTIONS * HTTP/1.1\r\nHost: shop.test'
  ]) {
    assert.match(await ask(bad), /^HTTP\/1\.1 400 /, bad)
  }
  assert.equal(upstream.seen.length, 0)
  const upgrade = 'GET /ws HTTP/1.1\r\nHost: shop.test\r\nConnection: Upgrade\r\nUpgrade: websocket'
  assert.equal(await locationOf(upgrade), 'https://shop.test/ws')

  const challenge = await rawClient(t, port)
  challenge.send(
    'GET /.well-known/acme-challenge/token_1 HTTP/1.1\r\nHost: shop.test\r\nConnection: close\r\n\r\n'
  )
  await challenge.ended()
  assert.match(challenge.received, /^HTTP\/1\.1 200 /)
  assert.equal(upstream.seen[0]!.url, '/.well-known/acme-challenge/token_1')
})

test('HTTP/2 without TLS is spoken only where it is asked for', async (t) => {
  const upstream = await okUpstream(t)
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  const off = await startGateway(t, ['--upstream', upstream.url, '--admin', 'off'])
  assert.match(await rawExchange(t, portOf(off.url), preface), /^HTTP\/1\.1 400 /)
  const on = await startGateway(t, ['--upstream', upstream.url, '--admin', 'off', '--h2c', 'on'])
  const client = await rawClient(t, portOf(on.url))
  for (const character of preface) {
    client.send(character)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  // A SETTINGS frame.
  await client.waitFor(/^\0\0.\x04/)
  assert.equal((await fetch(on.url)).status, 200)
})

test('peers on a unix socket are believed when trustProxy says so, and only they', async (t) => {
  const upstream = await okUpstream(t)
  const socket = join(tempDir(t), 'g.sock')
  const listen = ['--upstream', upstream.url, '--listen', `unix:${socket}`, '--listen', '127.0.0.1:0']
  const request = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.7\r\n\r\n'
  for (const [trust, overUnix] of [
    [[], []],
    [['--trust-proxy', 'unix'], ['203.0.113.7']]
  ] as const) {
    const gateway = await startGateway(t, [...listen, ...trust, '--admin', 'off'])
    const tcp = await gateway.waitFor(/listening on (http:\S+)/)
    await rawExchange(t, socket, request)
    assert.deepEqual(fieldsOf(upstream.seen.at(-1)!, 'x-forwarded-for'), overUnix)
    await rawExchange(t, portOf(tcp), request)
    assert.deepEqual(fieldsOf(upstream.seen.at(-1)!, 'x-forwarded-for'), ['127.0.0.1'])
    // One whose other end is gone has no address either.
    const gone = connect(portOf(tcp), '127.0.0.1')
    await new Promise((resolve) => gone.write(request.replace('GET /', 'GET /gone'), resolve))
    gone.resetAndDestroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const seen = upstream.seen.find(({ url }) => url === '/gone')
    if (seen) assert.ok(!fieldsOf(seen, 'x-forwarded-for').includes('203.0.113.7'))
    await gateway.stop()
  }
})
