import assert from 'node:assert/strict'
import test from 'node:test'
import { type OpenMaintenance, openMaintenance } from '../../src/state/maintenance.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import type { EnterRequest } from '../../src/state/request.ts'
import { answerOf, http2Client, type Listening, listening } from '../helpers/listening.ts'
import { rawExchange } from '../helpers/raw-client.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import {
  garbageUpstream,
  hangingUpstream,
  okUpstream,
  refusingUpstream,
  resettingUpstream,
  statusUpstream
} from '../helpers/upstream.ts'

/** A situation in which the gateway answers by itself, and what it says then. */
interface Row {
  situation: string
  upstream(t: Cleanup): Promise<string>
  enter?: EnterRequest & { isUnknown?: boolean }
  holdLimit?: number
  status: number
  reason: string
  /** Methods that go to the app instead, or are refused before. */
  passing?: readonly string[]
}

const ok = async (t: Cleanup): Promise<string> => (await okUpstream(t)).url
const READING = ['GET', 'HEAD', 'PROPFIND', 'OPTIONS']

const ROWS: readonly Row[] = [
  { situation: 'maintenance', upstream: ok, enter: {}, status: 503, reason: 'maintenance' },
  {
    situation: 'maintenance of one path',
    upstream: ok,
    enter: { paths: ['/x'] },
    status: 503,
    reason: 'maintenance'
  },
  {
    ...{ situation: 'read-only', upstream: ok, enter: { mode: 'read-only' } },
    ...{ status: 503, reason: 'read-only', passing: READING }
  },
  {
    ...{ situation: 'a hold that lasts', upstream: ok, enter: { mode: 'hold', maxWait: '1ms' } },
    ...{ status: 503, reason: 'hold-timeout' }
  },
  {
    ...{ situation: 'a hold that is full', upstream: ok, enter: { mode: 'hold' }, holdLimit: 0 },
    ...{ status: 503, reason: 'hold-full' }
  },
  {
    situation: 'a mode not known',
    upstream: ok,
    enter: { isUnknown: true },
    status: 503,
    reason: 'starting'
  },
  { situation: 'nobody listens', upstream: refusingUpstream, status: 502, reason: 'upstream-unreachable' },
  {
    ...{ situation: 'a reset', upstream: async (t) => (await resettingUpstream(t)).url },
    ...{ status: 502, reason: 'upstream-unreachable' }
  },
  {
    ...{ situation: 'garbage', upstream: async (t) => (await garbageUpstream(t)).url },
    ...{ status: 502, reason: 'upstream-invalid-response' }
  },
  {
    ...{ situation: 'silence', upstream: async (t) => (await hangingUpstream(t)).url },
    ...{ status: 504, reason: 'upstream-timeout' }
  },
  {
    ...{ situation: 'an intercepted error', upstream: async (t) => (await statusUpstream(t, 500)).url },
    ...{ status: 500, reason: 'intercepted' }
  }
]

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'TRACE', 'PROPFIND', 'OPTIONS', 'BREW'] as const
const FORMS: readonly [accept: string, type: RegExp][] = [
  ['text/html,*/*;q=0.8', /^text\/html/],
  ['application/json', /^application\/problem\+json$/],
  ['text/plain', /^text\/plain/],
  ['*/*', /^text\/html/]
]
const PROTOCOLS = ['1.0', '1.1', '2'] as const
const ORIGIN = 'https://other.example'

interface Got {
  status: number
  headers: Record<string, string>
  body: string
}

async function start(t: Cleanup, row: Row): Promise<Listening> {
  const site = await openMaintenance({ store: createMemoryStore() })
  t.after(() => site.close())
  const gateway = await listening(t, {
    proxy: { upstream: await row.upstream(t), responseTimeoutMs: 40, interceptErrors: [500] },
    maintenance: { maintenance: site, ...(row.holdLimit === undefined ? {} : { holdLimit: row.holdLimit }) },
    h2c: true
  })
  await enter(site, row)
  return gateway
}

async function enter(site: OpenMaintenance, { enter: request }: Row): Promise<void> {
  if (request === undefined) return
  const { isUnknown, ...rest } = request
  if (isUnknown === true) Object.defineProperty(site, 'isKnown', { value: false })
  else await site.enter(rest)
}

async function exchange(
  t: Cleanup,
  { port, url, ca }: Listening,
  protocol: (typeof PROTOCOLS)[number],
  method: string,
  fields: Record<string, string>
): Promise<Got> {
  if (protocol === '2') {
    const session = http2Client(t, { url, ca })
    const { status, headers, body } = await answerOf(
      session.request({ ':method': method, ':path': '/x', ...fields }, { endStream: true })
    )
    session.close()
    return { status, headers: headers as Record<string, string>, body }
  }
  const lines = Object.entries({ Host: 'h', Connection: 'close', ...fields }).map(
    ([name, value]) => `${name}: ${value}`
  )
  const text = await rawExchange(t, port, `${method} /x HTTP/${protocol}\r\n${lines.join('\r\n')}\r\n\r\n`)
  const [head = '', ...body] = text.split('\r\n\r\n')
  const [first = '', ...rest] = head.split('\r\n')
  const headers = rest.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.replace(/^[^:]*: ?/, '')
  ])
  return {
    status: Number(first.split(' ')[1]),
    headers: Object.fromEntries(headers),
    body: body.join('\r\n\r\n')
  }
}

/** The rules for all answers of the gateway's own, and what this one has to be. */
function check(row: Row, method: string, type: RegExp, { status, headers, body }: Got): void {
  assert.equal(status, row.status)
  assert.equal(headers['intermission-reason'], row.reason)
  assert.match(headers['content-type'] ?? '', type)
  // A page in place of the app's own error leaves caching to its status.
  assert.equal(headers['cache-control'], row.reason === 'intercepted' ? undefined : 'no-store')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.ok(headers.vary)
  for (const name of ['etag', 'last-modified', 'accept-ranges', 'x-from'])
    assert.equal(headers[name], undefined, name)
  assert.equal(Number(headers['retry-after']) > 0, row.status === 503)
  assert.equal(headers['access-control-allow-origin'], ORIGIN)
  assert.match(headers['access-control-expose-headers'] ?? '', /Retry-After.*Intermission-Reason/)
  if (method === 'HEAD') {
    assert.ok(Number(headers['content-length']) > 0)
    assert.equal(body, '')
  } else assert.equal(Buffer.byteLength(body, 'latin1'), Number(headers['content-length']))
  assert.doesNotMatch(body, /127\.0\.0\.1|ECONN|\bat \//)
}

for (const row of ROWS) {
  test(`${row.situation}: every method, every form, every protocol gets ${row.status} ${row.reason}`, async (t) => {
    const gateway = await start(t, row)
    for (const protocol of PROTOCOLS) {
      for (const method of METHODS) {
        for (const [accept, type] of method === 'GET' ? FORMS : FORMS.slice(0, 2)) {
          const why = `${method} ${accept} HTTP/${protocol}`
          const fields = { accept, origin: ORIGIN, range: 'bytes=0-1', 'if-none-match': '*' }
          const got = await exchange(t, gateway, protocol, method, fields)
          try {
            judge(row, method, protocol, type, got)
          } catch (error) {
            throw new Error(`${why}: ${(error as Error).message}`, { cause: error })
          }
        }
      }
      await preflight(t, gateway, row, protocol)
    }
  })
}

function judge(row: Row, method: string, protocol: string, type: RegExp, got: Got): void {
  // Node's parser knows no such method, and over HTTP/2 it is no different.
  if (method === 'BREW') assert.equal(got.status, protocol === '2' ? 501 : 400)
  else if (row.passing?.includes(method)) assert.equal(got.status, 200)
  // What must not reach an app does not, whoever is there.
  else if (method === 'TRACE' && (row.status !== 503 || row.passing)) assert.equal(got.status, 405)
  else check(row, method, type, got)
}

async function preflight(
  t: Cleanup,
  gateway: Listening,
  row: Row,
  protocol: (typeof PROTOCOLS)[number]
): Promise<void> {
  const fields = {
    origin: ORIGIN,
    'access-control-request-method': 'PUT',
    'access-control-request-headers': 'x-a'
  }
  const { status, headers, body } = await exchange(t, gateway, protocol, 'OPTIONS', fields)
  if (row.passing?.includes('OPTIONS')) {
    assert.equal(status, 200, 'the app says who may ask')
    return
  }
  assert.equal(status, row.status === 503 ? 204 : row.status)
  assert.equal(headers['access-control-allow-origin'], ORIGIN)
  assert.equal(headers['intermission-reason'], row.reason)
  if (row.status !== 503) return
  assert.deepEqual(
    [headers['access-control-allow-methods'], headers['access-control-allow-headers'], body],
    ['PUT', 'x-a', '']
  )
}
