import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { makeCertificate } from '../helpers/certificate.ts'
import { assertUnharmed } from '../helpers/gateway-status.ts'
import { type GatewayProcess, run, startGateway } from '../helpers/process.ts'
import { sized } from '../helpers/scale.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { requireTool } from '../helpers/tools.ts'
import { httpUpstream, type Upstream } from '../helpers/upstream.ts'

const BIG = randomBytes(300_000)
const LARGE_UPLOAD_BYTES = 8 * 1024 * 1024

/** An app with what the options of curl need: ranges, a coding, an echo of what was uploaded. */
function app(t: TestContext): Promise<Upstream> {
  return httpUpstream(t, async (request, response, seen) => {
    const hash = createHash('sha256')
    let bytes = 0
    for await (const piece of request) {
      hash.update(piece as Buffer)
      bytes += (piece as Buffer).length
    }
    const { method = '', url = '', httpVersion, rawHeaders } = request
    seen.push({ method, url, httpVersion, rawHeaders, rawTrailers: [], body: '' })
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    if (url === '/gzip' && /gzip/.test(request.headers['accept-encoding'] ?? '')) {
      response.writeHead(200, { 'content-encoding': 'gzip', vary: 'Accept-Encoding' }).end(gzipSync(BIG))
    } else if (url === '/big' && range) {
      const [from, to] = [Number(range[1]), Number(range[2])]
      response.writeHead(206, { 'content-range': `bytes ${from}-${to}/${BIG.length}` })
      response.end(BIG.subarray(from, to + 1))
    } else if (url === '/big') {
      response.writeHead(200, { 'content-length': BIG.length, 'accept-ranges': 'bytes' }).end(BIG)
    } else if (url === '/stream') {
      response.write('one ')
      setTimeout(() => response.end('two'), 50)
    } else if (url === '/refuses') {
      response.writeHead(413).end('too much')
    } else response.end(`${method} ${bytes} ${hash.digest('hex')}`)
  })
}

/** Runs curl against the gateway; fails when curl does. */
async function curl(
  t: TestContext,
  gateway: GatewayProcess,
  args: string[]
): Promise<{ out: string; log: string }> {
  const flags = ['--silent', '--show-error', '--verbose', '--max-time', '20', ...args]
  const { code, stdout, stderr } = await run(
    t,
    'curl',
    flags.map((arg) => arg.replace('URL', gateway.url))
  )
  assert.equal(code, 0, stderr)
  return { out: stdout, log: stderr }
}

test('curl gets what it asks for', async (t) => {
  if (!requireTool(t, 'curl')) return
  const upstream = await app(t)
  const gateway = await startGateway(t, ['--upstream', upstream.url])
  const dir = tempDir(t)
  const file = join(dir, 'got')
  const sent = randomBytes(LARGE_UPLOAD_BYTES)
  writeFileSync(join(dir, 'sent'), sent)
  const digest = createHash('sha256').update(sent).digest('hex')

  for (const version of ['--http1.0', '--http1.1']) {
    await t.test(`with ${version}`, async (t) => {
      await curl(t, gateway, [version, '-o', file, 'URL/big'])
      assert.deepEqual(readFileSync(file), BIG)
      const { out, log } = await curl(t, gateway, [version, 'URL/stream'])
      assert.equal(out, 'one two')
      // HTTP/1.0 knows no chunks: there the end of the connection ends the body.
      if (version === '--http1.0') assert.doesNotMatch(log, /^< transfer-encoding/im)
      else assert.match(log, /^< transfer-encoding: chunked/im)
    })

    await t.test(`with --upload-file and ${version}`, async (t) => {
      const { out } = await curl(t, gateway, [version, '-T', join(dir, 'sent'), 'URL/put'])
      assert.equal(out, `PUT ${LARGE_UPLOAD_BYTES} ${digest}`)
    })
  }

  await t.test('with Expect: 100-continue, which is answered before the body is sent', async (t) => {
    const { out, log } = await curl(t, gateway, [
      ...['-H', 'Expect: 100-continue', '--expect100-timeout', '15', '-T', join(dir, 'sent'), 'URL/put']
    ])
    assert.match(log, /^< HTTP\/1\.1 100 Continue/m)
    assert.equal(out, `PUT ${LARGE_UPLOAD_BYTES} ${digest}`)
    assert.ok(!upstream.seen.at(-1)?.rawHeaders.some((field) => /^expect$/i.test(field)))
  })

  await t.test('with an upload of unknown length, from a pipe', async (t) => {
    const pipe = `cat "$1" | curl --silent --show-error -T - "$2/put"`
    const { stdout } = await run(t, 'sh', ['-c', pipe, 'sh', join(dir, 'sent'), gateway.url])
    assert.equal(stdout, `PUT ${LARGE_UPLOAD_BYTES} ${digest}`)
  })

  await t.test('with an upload that the app refuses', async (t) => {
    const flags = ['-w', ' %{http_code}', '-T', join(dir, 'sent'), 'URL/refuses']
    assert.equal((await curl(t, gateway, flags)).out, 'too much 413')
  })

  await t.test('with --compressed', async (t) => {
    const { log } = await curl(t, gateway, ['--compressed', '-o', file, 'URL/gzip'])
    assert.match(log, /^< content-encoding: gzip/im)
    assert.deepEqual(readFileSync(file), BIG)
  })

  await t.test('with HEAD', async (t) => {
    const { log } = await curl(t, gateway, ['--head', 'URL/big'])
    assert.match(log, /^< content-length: 300000/im)
    assert.equal(upstream.seen.at(-1)?.method, 'HEAD')
  })

  await t.test('with a range, and with what is left of an interrupted download', async (t) => {
    await curl(t, gateway, ['--range', '100-199', '-o', file, 'URL/big'])
    assert.deepEqual(readFileSync(file), BIG.subarray(100, 200))
    assert.match(
      (await curl(t, gateway, ['--range', '0-0', '-o', file, 'URL/big'])).log,
      /^< HTTP\/1\.1 206/m
    )
  })

  await t.test('with a form, JSON and a method of its own', async (t) => {
    const form = await curl(t, gateway, ['-F', `file=@${join(dir, 'sent')}`, '-F', 'name=x', 'URL/form'])
    assert.match(form.out, /^POST 83\d{5} /)
    const json = await curl(t, gateway, ['--json', '{"a":1}', '-X', 'PROPFIND', 'URL/dav'])
    assert.match(json.out, /^PROPFIND 7 /)
  })

  await t.test('with many URLs over one connection, that of an upload among them', async (t) => {
    const next = (args: string[]): string[] => ['--next', '--silent', '--verbose', ...args]
    const { log } = await curl(t, gateway, [
      ...['-o', file, 'URL/big', '-o', file, 'URL/big'],
      ...next(['-T', join(dir, 'sent'), '-o', file, 'URL/put']),
      ...next(['-H', 'Expect: 100-continue', '-T', join(dir, 'sent'), '-o', file, 'URL/put']),
      ...next(['--head', '-o', file, 'URL/big']),
      ...next(['-o', file, 'URL/big'])
    ])
    assert.equal(log.match(/^\* Re-using existing connection/gm)?.length, 5, log)
  })
  assertUnharmed(gateway)
})

test('wrk meets no error', async (t) => {
  if (!requireTool(t, 'wrk')) return
  const upstream = await httpUpstream(t, (_request, response) => response.end('hello'))
  const gateway = await startGateway(t, ['--upstream', upstream.url, '--access-log', 'off'])
  const { code, stdout } = await run(t, 'wrk', [
    '-t',
    '1',
    '-c',
    '64',
    '-d',
    '3s',
    '--timeout',
    '20s',
    gateway.url
  ])
  assert.equal(code, 0, stdout)
  assert.doesNotMatch(stdout, /Socket errors|Non-2xx/)
  t.diagnostic(/Requests\/sec:.*/.exec(stdout)?.[0] ?? stdout)
  assertUnharmed(gateway)
})

test('curl speaks HTTP/2, over TLS and without', async (t) => {
  if (!requireTool(t, 'curl')) return
  const upstream = await app(t)
  const { certPath, keyPath } = makeCertificate(t)
  const tls = ['--tls-cert', certPath, '--tls-key', keyPath, '--http2', 'on']
  const sent = join(tempDir(t), 'sent')
  writeFileSync(sent, randomBytes(LARGE_UPLOAD_BYTES))
  for (const [flags, own] of [
    [tls, ['--http2', '--cacert', certPath]],
    [['--h2c', 'on'], ['--http2-prior-knowledge']]
  ]) {
    const gateway = await startGateway(t, ['--upstream', upstream.url, ...flags!])
    const at = { ...gateway, url: gateway.url.replace('127.0.0.1', 'localhost') }
    const over = ['-w', ' over %{http_version}', ...own!]
    assert.match((await curl(t, at, [...over, '-T', sent, 'URL/put'])).out, /^PUT 8388608 \w{64} over 2$/)
    assert.match((await curl(t, at, [...over, '-d', 'a=b', 'URL/form'])).out, /^POST 3 \w{64} over 2$/)
    assert.equal((await curl(t, at, [...over, 'URL/stream'])).out, 'one two over 2')
    assert.match((await curl(t, at, [...over, '--head', 'URL/big'])).log, /^< content-length: 300000/im)
    assertUnharmed(gateway)
  }
})

test('h2load meets no error, over HTTP/1.1 and HTTP/2, over TLS and without', async (t) => {
  if (!requireTool(t, 'h2load')) return
  const requests = sized(3_000, 100_000)
  const upstream = await httpUpstream(t, (_request, response) => response.end('hello'))
  const { certPath, keyPath } = makeCertificate(t)
  const tls = ['--tls-cert', certPath, '--tls-key', keyPath, '--http2', 'on']
  for (const [flags, own] of [
    [['--h2c', 'on'], []],
    [['--h2c', 'on'], ['--h1']],
    [tls, []],
    [tls, ['--h1']]
  ]) {
    const gateway = await startGateway(t, ['--upstream', upstream.url, '--access-log', 'off', ...flags!])
    const load = ['-n', String(requests), '-c', '10', '-m', '10', ...own!, gateway.url]
    const { code, stdout } = await run(t, 'h2load', load)
    assert.equal(code, 0, stdout)
    assert.match(stdout, new RegExp(`${requests} done, ${requests} succeeded, 0 failed, 0 errored`), stdout)
    assert.match(stdout, new RegExp(`status codes: ${requests} 2xx`), stdout)
    assertUnharmed(gateway)
  }
})
