import assert from 'node:assert/strict'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import type { Readable, Writable } from 'node:stream'
import test, { type TestContext } from 'node:test'
import { makeCertificate } from '../helpers/certificate.ts'
import { assertUnharmed, settled } from '../helpers/gateway-status.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { mebibytes, residentMemory } from '../helpers/process-memory.ts'
import { MIB, sized } from '../helpers/scale.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { httpUpstream } from '../helpers/upstream.ts'
import { type Passed, perSecond, readBody, writeBody } from './transfer.ts'

const SIZE = sized(64, 1024) * MIB
/** So slow that the other side must be held back: the body takes 2 s and 16 s. */
const SLOWLY = perSecond(sized(32, 64))
const RESIDENT_LIMIT_BYTES = 200 * MIB

/** Who is slow; nobody when it is empty. */
type Slow = 'nobody' | 'the client' | 'the app'

interface LargeApp {
  url: string
  /** What the app has sent or taken last. */
  passed: Promise<Passed>
  slow: Slow
}

/** Sends and takes bodies of any size. */
async function largeApp(t: Cleanup, unix: boolean): Promise<LargeApp> {
  const app: LargeApp = { url: '', passed: Promise.resolve({ bytes: 0, sha256: '' }), slow: 'nobody' }
  const upstream = await httpUpstream(
    t,
    async (request, response) => {
      const pace = app.slow === 'the app' ? SLOWLY : undefined
      if (request.method === 'GET') {
        if (request.url === '/length') response.setHeader('content-length', SIZE)
        app.passed = writeBody(response, SIZE, pace)
      } else {
        app.passed = readBody(request, pace)
        const { bytes, sha256 } = await app.passed
        response.end(`${bytes} ${sha256}`)
      }
    },
    { unix }
  )
  app.url = upstream.url
  return app
}

/** A client's side of one request. */
interface Exchange {
  body: Writable
  answer: Promise<Readable>
}

type Ask = (method: string, path: string) => Exchange

const overHttp1 =
  (url: string): Ask =>
  (method, path) => {
    // Without a length it goes out in chunks.
    const headers = path === '/length' && method === 'POST' ? { 'content-length': SIZE } : {}
    const body = httpRequest(url + path, { method, headers, agent: false })
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      body.once('response', resolve).once('error', reject)
    })
    return { body, answer }
  }

function overHttp2(t: Cleanup, url: string): Ask {
  const session = connectHttp2(url, { rejectUnauthorized: false })
  t.after(() => session.destroy())
  return (method, path) => {
    const body = session.request({ ':method': method, ':path': path }, { endStream: method === 'GET' })
    const answer = new Promise<Readable>((resolve, reject) => {
      body.once('response', () => resolve(body)).once('error', reject)
    })
    return { body, answer }
  }
}

async function download(app: LargeApp, ask: Ask, path: string): Promise<void> {
  const { body, answer } = ask('GET', path)
  body.end()
  const got = await readBody(await answer, app.slow === 'the client' ? SLOWLY : undefined)
  assert.deepEqual(got, await app.passed)
  assert.equal(got.bytes, SIZE)
}

async function upload(app: LargeApp, ask: Ask, path: string): Promise<void> {
  const { body, answer } = ask('POST', path)
  const sent = await writeBody(body, SIZE, app.slow === 'the client' ? SLOWLY : undefined)
  let said = ''
  for await (const piece of await answer) said += (piece as Buffer).toString()
  assert.equal(said, `${sent.bytes} ${sent.sha256}`)
  assert.equal(sent.bytes, SIZE)
}

async function transferAll(t: TestContext, app: LargeApp, gateway: GatewayProcess, ask: Ask): Promise<void> {
  const cases: [typeof download, string, Slow][] = [
    [download, '/length', 'nobody'],
    [download, '/chunked', 'the client'],
    [download, '/length', 'the app'],
    [upload, '/length', 'nobody'],
    [upload, '/chunked', 'the client'],
    [upload, '/length', 'the app']
  ]
  for (const [transfer, path, slow] of cases) {
    app.slow = slow
    const startMs = performance.now()
    await transfer(app, ask, path)
    const seconds = (performance.now() - startMs) / 1000
    const memory = residentMemory(gateway.pid)
    const rate = Math.round(SIZE / MIB / seconds)
    t.diagnostic(
      `${transfer.name} of ${mebibytes(SIZE)} (${path.slice(1)}), ${slow} slow: ${rate} MiB/s` +
        (memory ? `, peak resident so far ${mebibytes(memory.peak)}` : '')
    )
    if (memory) assert.ok(memory.peak < RESIDENT_LIMIT_BYTES, `${mebibytes(memory.peak)} resident`)
  }
  await settled(gateway, 2_000)
  assertUnharmed(gateway)
}

for (const unix of [false, true]) {
  const where = unix ? 'a unix socket' : 'TCP'

  test(`large bodies pass whole and are never held, over HTTP/1.1 and ${where}`, async (t) => {
    const app = await largeApp(t, unix)
    const gateway = await startGateway(t, ['--upstream', app.url, '--access-log', 'off'])
    await transferAll(t, app, gateway, overHttp1(gateway.url))
  })

  test(`large bodies pass whole and are never held, over HTTP/2 and ${where}`, async (t) => {
    const { certPath, keyPath } = makeCertificate(t)
    const app = await largeApp(t, unix)
    const tls = ['--tls-cert', certPath, '--tls-key', keyPath, '--http2', 'on']
    const gateway = await startGateway(t, ['--upstream', app.url, '--access-log', 'off', ...tls])
    await transferAll(t, app, gateway, overHttp2(t, gateway.url))
  })
}
