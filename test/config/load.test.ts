import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { loadSettings, loadWithOrigins } from '../../src/config/load.ts'
import { envOf } from '../../src/config/option.ts'
import { OPTIONS } from '../../src/config/options.ts'
import type { OptionValues, SiteSettings } from '../../src/config/settings.ts'
import { http2Weakness } from '../../src/http2-safety.ts'
import { openFilesLimit, USUAL_OPEN_FILES } from '../../src/open-files.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { COMPANIONS, CWD, EXAMPLES } from './examples.ts'

for (const [key, [text, value]] of Object.entries(EXAMPLES) as [
  keyof OptionValues,
  readonly [string, unknown]
][]) {
  const { name, metavar } = OPTIONS[key]
  test(`${name} can be given as a flag, a variable and a key`, (t) => {
    const dir = tempDir(t)
    const companions = Object.entries(COMPANIONS[key] ?? {})
    const lines = [[name, text] as const, ...companions].map(
      ([one, its]) => `${one}: ${JSON.stringify(its)}\n`
    )
    writeFileSync(join(dir, 'c.yaml'), lines.join(''))
    const flags = { ...flagsOf(companions), [name]: metavar === null ? true : [text] }
    const fromFlag = loadWithOrigins({ flags, env: {}, cwd: CWD }).values
    const fromEnv = loadWithOrigins({
      flags: flagsOf(companions),
      env: { [envOf(name)]: text },
      cwd: CWD
    }).values
    const fromFile = loadWithOrigins({ flags: { config: ['c.yaml'] }, env: {}, cwd: dir }).values
    assert.deepEqual(fromFlag[key], value)
    assert.deepEqual(fromEnv[key], value)
    const there = JSON.parse(JSON.stringify(value).replaceAll(CWD, dir)) as unknown
    assert.deepEqual(fromFile[key], there)
  })
}

function flagsOf(pairs: [name: string, text: string][]): Record<string, string[]> {
  return Object.fromEntries(pairs.map(([name, text]) => [name, [text]]))
}

test('nothing given is a gateway for this machine', () => {
  const { settings, values } = loadWithOrigins({ flags: {}, env: { HOME: '/home/ada' }, cwd: CWD })
  const { sites, ...shared } = settings
  const [{ name, ...site }, ...more] = sites as [SiteSettings]
  assert.deepEqual([name, more], ['default', []])
  assert.deepEqual({ ...shared, ...site }, values)
  assert.deepEqual(values, {
    listen: [{ kind: 'tcp', host: '127.0.0.1', port: 8080 }],
    tlsCert: [],
    tlsKey: [],
    redirectListen: [],
    http2: http2Weakness() === null,
    h2c: false,
    proxyProtocol: false,
    maxConnections: Math.floor((openFilesLimit() ?? USUAL_OPEN_FILES) / 2),
    maxConnectionsPerAddress: 0,
    maxHeaderBytes: 32_768,
    headTimeoutMs: 15_000,
    keepAliveTimeoutMs: 75_000,
    clientIdleTimeoutMs: 60_000,
    unknownHost: 'default',
    hosts: [],
    maxRequests: 0,
    upstream: ['http://127.0.0.1:3000'],
    balance: 'least-busy',
    healthCheck: null,
    healthIntervalMs: 5000,
    upstreamCa: null,
    upstreamName: null,
    upstreamCert: null,
    upstreamKey: null,
    upstreamVerify: true,
    static: null,
    staticPrecompressed: false,
    pages: null,
    brandName: null,
    brandColor: null,
    brandLogo: null,
    supportUrl: null,
    returnSpreadMs: 2000,
    bypassAddress: [],
    bypassPath: [],
    bypassToken: [],
    bypassTokenFile: null,
    probePath: [],
    holdLimit: 5000,
    websockets: 'close',
    admin: { kind: 'tcp', host: '127.0.0.1', port: 8081 },
    adminPath: null,
    adminToken: null,
    adminTokenFile: '/home/ada/.local/state/intermission/admin-token',
    adminOperatorsFile: null,
    adminInsecure: false,
    adminHost: [],
    stateDir: '/home/ada/.local/state/intermission',
    store: 'file:/home/ada/.local/state/intermission/state.json',
    workers: 1,
    storeCa: null,
    fleet: 'default',
    fencing: 'off',
    coldStart: 'cached',
    coldStartGraceMs: 10_000,
    recover: false,
    trustProxy: [],
    trustForwarded: 'for',
    interceptErrors: [],
    connectTimeoutMs: 2000,
    responseTimeoutMs: 60_000,
    idleTimeoutMs: 60_000,
    abandonedTimeoutMs: 10_000,
    holdOnRefusedMs: 0,
    webhook: [],
    webhookSecretFile: null,
    drainTimeoutMs: 30_000,
    logLevel: 'info',
    accessLog: 'json',
    metrics: true
  })
})

test('a flag comes before a variable, a variable before the file, the file before the default', (t) => {
  const dir = tempDir(t)
  writeFileSync(
    join(dir, 'c.yaml'),
    'upstream: http://file\nlogLevel: debug\nidleTimeout: 1s\nlisten: [a:1, b:2]\n'
  )
  const env = {
    INTERMISSION_CONFIG: 'c.yaml',
    INTERMISSION_UPSTREAM: 'http://env',
    INTERMISSION_LOG_LEVEL: 'warn',
    INTERMISSION_LISTEN: 'c:3'
  }
  const { values, origins } = loadWithOrigins({ flags: { upstream: ['http://flag'] }, env, cwd: dir })
  assert.deepEqual(values.upstream, ['http://flag'])
  assert.equal(values.logLevel, 'warn')
  assert.equal(values.idleTimeoutMs, 1000)
  assert.deepEqual(values.listen, [{ kind: 'tcp', host: 'c', port: 3 }], 'a list is replaced, not added to')
  assert.deepEqual(
    [origins.upstream, origins.logLevel, origins.idleTimeoutMs, origins.connectTimeoutMs],
    ['flag', 'environment', 'file', 'default']
  )
})

test('the flag --config comes before INTERMISSION_CONFIG', (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'c.json'), '{\n\t"logLevel": "error",\n\t"recover": true, "accessLog": false\n}')
  const settings = loadSettings({
    flags: { config: ['c.json'] },
    env: { INTERMISSION_CONFIG: 'none' },
    cwd: dir
  })
  assert.equal(settings.logLevel, 'error')
  assert.equal(settings.recover, true)
  assert.equal(settings.accessLog, null)
})

test('PORT opens every interface, but only when nobody says where to listen', () => {
  const listen = (env: Record<string, string>) => loadSettings({ flags: {}, env }).listen
  const told = { PORT: 'not a port', INTERMISSION_LISTEN: '127.0.0.1:1' }
  assert.deepEqual(listen({ PORT: '5000' }), [{ kind: 'tcp', host: '0.0.0.0', port: 5000 }])
  assert.deepEqual(listen({ PORT: '' })[0], { kind: 'tcp', host: '127.0.0.1', port: 8080 })
  assert.deepEqual(listen(told), [{ kind: 'tcp', host: '127.0.0.1', port: 1 }])
})
