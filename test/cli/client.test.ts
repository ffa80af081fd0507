import assert from 'node:assert/strict'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { intermission } from '../helpers/process.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { json, startFakeAdmin } from './fake-admin.ts'

const TOKEN = 'a-token-of-24-characters'
const DOCUMENT = {
  site: 'default',
  mode: 'maintenance',
  revision: 7,
  since: '2030-01-01T00:00:00.000Z',
  by: 'ada@host',
  message: 'Back\nat \u001b[31mnine',
  reason: null,
  until: '2030-01-01T01:00:00.000Z',
  onExpiry: 'leave',
  retryAfterSeconds: 90,
  paths: []
}
/** Times are followed by how far they are from now. */
const HUMAN = `maintenance since 2030-01-01T00:00:00Z by ada@host
  message      Back at  [31mnine
  until        2030-01-01T01:00:00Z, then leave
  retry after  90 s
  revision     7
`
const withoutAges = (text: string): string => text.replaceAll(/ \((?:in [^)]*|[^)]* ago)\)/g, '')
const env = { INTERMISSION_ADMIN_TOKEN: TOKEN }
const by = `${userInfo().username}@${hostname()}`

test('enter sends what its flags say, and prints the state', async (t) => {
  const admin = await startFakeAdmin(t, json(200, DOCUMENT))
  const flags = [
    '--message',
    '-10 %',
    '--for',
    '30m',
    '--on-expiry',
    'stay',
    '--retry-after',
    '2m',
    '--reason',
    'db'
  ]
  const args = ['enter', ...flags, '--if-revision', '6', '--admin', admin.address]
  const { code, stdout, stderr } = await intermission(t, args, { env })
  assert.deepEqual({ code, stdout: withoutAges(stdout), stderr }, { code: 0, stdout: HUMAN, stderr: '' })
  const [{ method, url, headers, body }] = admin.seen as [(typeof admin.seen)[0]]
  assert.deepEqual([method, url], ['PUT', '/maintenance'])
  assert.deepEqual(body, {
    by,
    message: '-10 %',
    for: '30m',
    onExpiry: 'stay',
    retryAfter: '2m',
    reason: 'db'
  })
  assert.equal(headers.authorization, `Bearer ${TOKEN}`)
  assert.equal(headers['if-match'], '"6"')
  assert.equal(headers['content-type'], 'application/json')
  assert.equal(headers.host, admin.address)
})

test('leave sends who and why', async (t) => {
  const admin = await startFakeAdmin(t, json(200, { ...DOCUMENT, mode: 'live', until: null, message: null }))
  const args = ['leave', '--reason', 'done', '--admin', `http://${admin.address}`, '--json']
  const { code, stdout } = await intermission(t, args, { env })
  assert.equal(code, 0)
  assert.equal((JSON.parse(stdout) as { mode: string }).mode, 'live')
  const [{ method, url, headers, body }] = admin.seen as [(typeof admin.seen)[0]]
  assert.deepEqual([method, url, body], ['DELETE', '/maintenance', { by, reason: 'done' }])
  assert.equal(headers['if-match'], undefined)
})

test('status speaks over a unix socket, with the token of the state folder', async (t) => {
  const dir = tempDir(t)
  const { ensureAdminToken } = await import('../../src/config/token.ts')
  const { token } = ensureAdminToken({ adminToken: null, adminTokenFile: join(dir, 'admin-token') })
  const admin = await startFakeAdmin(
    t,
    json(200, { version: '1.2.3', sites: [{ ...DOCUMENT, inFlight: 0 }] }),
    join(dir, 'a.sock')
  )
  const { code, stdout } = await intermission(t, ['status'], {
    env: { INTERMISSION_ADMIN: admin.address, INTERMISSION_STATE_DIR: dir }
  })
  assert.equal(code, 0)
  assert.equal(withoutAges(stdout), `${HUMAN}  in flight    0\ngateway 1.2.3, started \n`)
  const [{ method, url, headers }] = admin.seen as [(typeof admin.seen)[0]]
  assert.deepEqual([method, url, headers.host], ['GET', '/status', 'localhost'])
  assert.equal(headers.authorization, `Bearer ${token}`)
})

test('--json answers with what the admin API said, on one line', async (t) => {
  const admin = await startFakeAdmin(t, json(200, DOCUMENT))
  const { stdout } = await intermission(t, ['status', '--json', '--admin', admin.address], { env })
  assert.equal(stdout, `${JSON.stringify(DOCUMENT)}\n`)
})

const PROBLEMS: readonly [status: number, body: object, code: number, stderr: RegExp][] = [
  [
    400,
    { detail: 'until: "x" is not allowed', field: 'until' },
    2,
    /answered 400: until: "x" is not allowed/
  ],
  [401, { title: 'Unauthorized' }, 5, /answered 401: Unauthorized/],
  [403, { detail: 'Host' }, 5, /answered 403: Host/],
  [409, {}, 5, /answered 409: no reason given/],
  [412, { detail: 'If-Match' }, 5, /answered 412: If-Match/],
  [429, { detail: 'wait' }, 5, /answered 429: wait/],
  [500, { detail: 'the disk is full' }, 1, /answered 500: the disk is full/],
  [404, {}, 4, /what answers there \(status 404\) is not the admin API/],
  [502, { reason: 'upstream-unreachable' }, 4, /what answers there \(status 502\) is not the admin API/],
  [200, { ok: true }, 4, /what answers there \(status 200\) is not the admin API/]
]
for (const [status, body, code, stderr] of PROBLEMS) {
  test(`an answer ${status} ${JSON.stringify(body)} ends with exit code ${code}`, async (t) => {
    const admin = await startFakeAdmin(t, json(status, body))
    const result = await intermission(t, ['enter', '--admin', admin.address], { env })
    assert.equal(result.code, code)
    assert.equal(result.stdout, '')
    assert.match(result.stderr, stderr)
    assert.equal(result.stderr.trim().split('\n').length, 1, 'one line, no stack')
    assert.ok(!result.stderr.includes(TOKEN))
  })
}

test('an answer that is no JSON, or that breaks off, is not the admin API', async (t) => {
  const page = await startFakeAdmin(t, (_request, response) => response.end('<p>Hello'))
  const broken = await startFakeAdmin(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{')
    setTimeout(() => response.destroy(), 50)
  })
  for (const { address } of [page, broken]) {
    const { code, stderr } = await intermission(t, ['status', '--admin', address], { env })
    assert.equal(code, 4)
    assert.match(stderr, /^the admin API cannot be reached at http:\/\/127\.0\.0\.1:\d+: /)
  }
})

test('an admin API that is not there ends with exit code 4, and says where it was looked for', async (t) => {
  const dir = tempDir(t)
  const tcp = await intermission(t, ['status', '--admin', '127.0.0.1:1', '--state-dir', dir])
  assert.equal(tcp.code, 4)
  assert.match(tcp.stderr, /at http:\/\/127\.0\.0\.1:1: nothing listens there; is the gateway running\?\n$/)
  const unix = await intermission(t, ['leave', '--admin', `unix:${dir}/a.sock`, '--state-dir', dir])
  assert.equal(unix.code, 4)
  assert.match(unix.stderr, /a\.sock: there is no such socket/)
})

test('a client without a token says where it looked for one', async (t) => {
  const admin = await startFakeAdmin(t, json(401, { detail: 'a token is needed' }))
  const dir = tempDir(t)
  const { code, stderr } = await intermission(t, ['status', '--admin', admin.address, '--state-dir', dir])
  assert.equal(code, 5)
  assert.ok(stderr.includes(`there is no token in ${dir}/admin-token`), stderr)
  assert.equal(admin.seen[0]?.headers.authorization, undefined)
})

test('health is 0 when the gateway may receive traffic, else 1, and needs no token', async (t) => {
  const good = await startFakeAdmin(t, json(200, { ready: true }))
  const bad = await startFakeAdmin(t, json(503, { status: 503 }))
  const dir = tempDir(t)
  const cases: [string[], number, RegExp][] = [
    [['--admin', good.address], 0, /^ready\n$/],
    [['--admin', good.address, '--json'], 0, /^{"ready":true}\n$/],
    [['--admin', bad.address], 1, /^not ready \(status 503\)\n$/],
    [['--admin', '127.0.0.1:1'], 1, /^the admin API cannot be reached at/],
    [['--admin', 'off'], 1, /^admin: "off" is not allowed; expected the address where the admin API listens/],
    [['--admin', 'nonsense'], 1, /^--admin: "nonsense" is not allowed/]
  ]
  for (const [args, code, says] of cases) {
    const result = await intermission(t, ['health', ...args], { env: { INTERMISSION_STATE_DIR: dir } })
    assert.equal(result.code, code, args.join(' '))
    assert.match(result.stdout + result.stderr, says)
  }
  assert.deepEqual([good.seen[0]?.url, good.seen[0]?.headers.authorization], ['/readyz', undefined])
})
