import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { makeCertificate } from '../helpers/certificate.ts'
import { fieldsOf } from '../helpers/front.ts'
import { portOf, run, startGateway } from '../helpers/process.ts'
import { rawClient, rawExchange } from '../helpers/raw-client.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { requireTool } from '../helpers/tools.ts'
import { okUpstream, type SeenRequest } from '../helpers/upstream.ts'

test('workers serve https, HTTP/2, unix sockets and redirects on connections that the primary accepts', async (t) => {
  const curl = requireTool(t, 'curl')
  if (curl === undefined) return
  const upstream = await okUpstream(t)
  const { certPath, keyPath } = makeCertificate(t)
  const socket = join(tempDir(t), 'g.sock')
  const gateway = await startGateway(t, [
    ...['--workers', '2', '--upstream', upstream.url, '--tls-cert', certPath, '--tls-key', keyPath],
    ...['--listen', '127.0.0.1:0', '--listen', 'http://127.0.0.1:0', '--listen', `unix:${socket}`],
    ...[
      '--redirect-listen',
      '127.0.0.1:0',
      '--admin',
      'off',
      '--trust-proxy',
      'unix',
      '--h2c',
      'on',
      '--http2',
      'on'
    ]
  ])
  const plain = await gateway.waitFor(/listening on (http:\S+)/)
  const redirecting = await gateway.waitFor(/redirecting on (http:\S+)/)
  const secure = gateway.url.replace('127.0.0.1', 'localhost')
  const ask = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await run(t, curl, ['-sS', '--cacert', certPath, '--max-time', '10', ...args])
    assert.equal(stderr, '')
    return stdout
  }
  const version = (...args: string[]): Promise<string> =>
    ask('-o', join(tempDir(t), 'out'), '-w', '%{http_version} %{http_code}', ...args)
  const proto = (text: string): string | undefined =>
    fieldsOf(JSON.parse(text) as SeenRequest, 'x-forwarded-proto')[0]

  // Twice, so that each of the workers has a turn.
  for (let n = 0; n < 2; n++) {
    assert.equal(proto(await ask(secure)), 'https')
    assert.equal(await version(secure), '2 200')
    assert.equal(await version('--http1.1', secure), '1.1 200')
    assert.equal(await version('--http2-prior-knowledge', plain), '2 200')
    assert.equal(await version(plain), '1.1 200')
    const asked = await ask('--unix-socket', socket, '-H', 'X-Forwarded-For: 203.0.113.7', 'http://h/')
    assert.deepEqual(fieldsOf(JSON.parse(asked) as SeenRequest, 'x-forwarded-for'), ['203.0.113.7'])
    const from = redirecting.replace('127.0.0.1', 'localhost')
    assert.equal(
      await ask('-w', '%{http_code} %{redirect_url}', '-o', join(tempDir(t), 'out'), `${from}/a`),
      `308 ${secure}/a`
    )
  }
  const { code } = await gateway.stop()
  assert.equal(code, 0)
})

test('workers read the PROXY header of those whom they trust', async (t) => {
  const upstream = await okUpstream(t)
  const gateway = await startGateway(t, [
    ...['--workers', '2', '--upstream', upstream.url, '--admin', 'off'],
    ...['--proxy-protocol', 'on', '--trust-proxy', '127.0.0.1']
  ])
  const header = 'PROXY TCP4 203.0.113.7 192.0.2.1 5555 443\r\n'
  const request = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
  for (let n = 0; n < 4; n++) {
    const client = await rawClient(t, portOf(gateway.url))
    client.send(header + request)
    await client.ended()
    assert.match(client.received, /^HTTP\/1\.1 200 /)
    assert.deepEqual(fieldsOf(upstream.seen.at(-1)!, 'x-forwarded-for'), ['203.0.113.7'])
  }
  assert.match(
    await rawExchange(t, portOf(gateway.url), `PROXY nonsense\r\n${request}`),
    /^$|^HTTP\/1\.1 400 /
  )
})
