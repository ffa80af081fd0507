import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import type { UpstreamTls } from '../../src/upstream/target.ts'
import { front } from '../helpers/front.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { okUpstream } from '../helpers/upstream.ts'

interface Pem {
  certFile: string
  keyFile: string
}

// Signed by itself, so that the certificate is its own authority.
function certificate(dir: string, name: string, host: string, days = 1): Pem {
  const [keyFile, certFile, request] = ['key', 'crt', 'csr'].map((end) => join(dir, `${name}.${end}`)) as [
    string,
    string,
    string
  ]
  const extensions = join(dir, `${name}.ext`)
  writeFileSync(extensions, `subjectAltName=DNS:${host},IP:127.0.0.1\n`)
  if (host !== 'localhost') writeFileSync(extensions, `subjectAltName=DNS:${host}\n`)
  const run = (args: string[]): void => {
    execFileSync('openssl', args, { stdio: 'ignore' })
  }
  run(['req', '-newkey', 'rsa:2048', '-nodes', '-keyout', keyFile, '-out', request, '-subj', `/CN=${host}`])
  run([
    'x509',
    '-req',
    '-in',
    request,
    '-signkey',
    keyFile,
    '-out',
    certFile,
    '-days',
    String(days),
    '-extfile',
    extensions
  ])
  return { certFile, keyFile }
}

async function httpsUpstream(t: Cleanup, pem: Pem, options: object = {}): Promise<string> {
  const server = createServer(
    { cert: readFileSync(pem.certFile), key: readFileSync(pem.keyFile), ...options },
    (request, response) => {
      response.end(`over tls: ${request.url} ${request.headers['x-forwarded-proto']}`)
    }
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `https://localhost:${(server.address() as AddressInfo).port}`
}

async function answerOf(
  t: Cleanup,
  upstream: string,
  upstreamTls: UpstreamTls = {}
): Promise<[number, string]> {
  const { url } = await front(t, { upstream, upstreamTls })
  const response = await fetch(`${url}/x`)
  return [response.status, response.headers.get('intermission-reason') ?? (await response.text())]
}

const REFUSED: [number, string] = [502, 'upstream-unreachable']
const ANSWERED: [number, string] = [200, 'over tls: /x http']

test('a certificate that proves nothing is refused, and one that is trusted is taken', async (t) => {
  const dir = tempDir(t)
  const good = certificate(dir, 'good', 'localhost')
  const upstream = await httpsUpstream(t, good)
  assert.deepEqual(await answerOf(t, upstream), REFUSED)
  assert.deepEqual(await answerOf(t, upstream, { caFile: good.certFile }), ANSWERED)
  assert.deepEqual(
    await answerOf(t, upstream.replace('localhost', '127.0.0.1'), { caFile: good.certFile }),
    ANSWERED
  )
  assert.deepEqual(await answerOf(t, upstream, { verify: false }), ANSWERED)
})

test('a certificate that has expired is refused', async (t) => {
  const old = certificate(tempDir(t), 'old', 'localhost', -1)
  assert.deepEqual(await answerOf(t, await httpsUpstream(t, old), { caFile: old.certFile }), REFUSED)
})

test('a wrong name is refused unless it is the expected one', async (t) => {
  const other = certificate(tempDir(t), 'other', 'other.test')
  const upstream = await httpsUpstream(t, other)
  assert.deepEqual(await answerOf(t, upstream, { caFile: other.certFile }), REFUSED)
  assert.deepEqual(await answerOf(t, upstream, { caFile: other.certFile, name: 'other.test' }), ANSWERED)
})

test('an upstream without TLS behind an https URL is 502', async (t) => {
  const upstream = await okUpstream(t)
  assert.deepEqual(await answerOf(t, upstream.url.replace('http:', 'https:')), REFUSED)
})

test('a file to verify with that holds no certificate is refused, as is one of our own without its key', async (t) => {
  const { certFile, keyFile } = certificate(tempDir(t), 'good', 'localhost')
  const upstream = 'https://localhost:1'
  await assert.rejects(front(t, { upstream, upstreamTls: { caFile: keyFile } }), {
    message: `upstreamCa: ${JSON.stringify(keyFile)} is not allowed; expected a PEM file that can be read (it holds no certificate in PEM form)`
  })
  await assert.rejects(front(t, { upstream, upstreamTls: { certFile } }), {
    message: 'upstreamKey: nothing is given; expected upstreamCert and upstreamKey together'
  })
})

test('an upstream that asks for a certificate gets ours', async (t) => {
  const dir = tempDir(t)
  const good = certificate(dir, 'good', 'localhost')
  const ours = certificate(dir, 'ours', 'gateway.test')
  const upstream = await httpsUpstream(t, good, {
    requestCert: true,
    rejectUnauthorized: true,
    ca: readFileSync(ours.certFile)
  })
  assert.deepEqual((await answerOf(t, upstream, { caFile: good.certFile }))[0], 502)
  assert.deepEqual(await answerOf(t, upstream, { caFile: good.certFile, ...ours }), ANSWERED)
})

test('connections are taken up again without a full handshake', async (t) => {
  const good = certificate(tempDir(t), 'good', 'localhost')
  let reused = 0
  const server = createServer(
    { cert: readFileSync(good.certFile), key: readFileSync(good.keyFile) },
    (request, response) => {
      if ((request.socket as TLSSocket).isSessionReused()) reused++
      response.setHeader('connection', 'close').end('ok')
    }
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { url } = await front(t, {
    upstream: `https://localhost:${(server.address() as AddressInfo).port}`,
    upstreamTls: { caFile: good.certFile }
  })
  for (let i = 0; i < 3; i++) assert.equal(await (await fetch(url)).text(), 'ok')
  assert.equal(reused, 2)
})

test('files that do not fit stop the start and are named', async (t) => {
  const start = (upstreamTls: UpstreamTls) => answerOf(t, 'https://localhost:1', upstreamTls)
  await assert.rejects(start({ caFile: '/no/such/file' }), { field: 'upstreamCa' })
  await assert.rejects(start({ certFile: certificate(tempDir(t), 'c', 'localhost').certFile }), {
    field: 'upstreamKey'
  })
})
