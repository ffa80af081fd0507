import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { loadWithOrigins } from '../../src/config/load.ts'
import { intermission, startGateway } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'

const FREE = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0']

async function taken(t: Cleanup, path?: string): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    if (path) server.listen(path, resolve)
    else server.listen(0, '127.0.0.1', resolve)
  })
  t.after(() => server.close())
  return path ? `unix:${path}` : `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('check prints what is in effect as a file could hold it, and who said so; secrets are masked', async (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'c.yaml'), 'logLevel: warn\ninterceptErrors: 502-503\nadmin: unix:/tmp/a.sock\n')
  const env = { INTERMISSION_ADMIN_TOKEN: 'a-token-of-24-characters', INTERMISSION_IDLE_TIMEOUT: '90s' }
  const args = ['check', '--config', 'c.yaml', '--listen', '127.0.0.1:0', '--state-dir', 'state']
  const { code, stdout, stderr } = await intermission(t, args, { cwd: dir, env })
  assert.equal(code, 0)
  assert.equal(stderr, 'the configuration is good\n')
  assert.ok(!existsSync(join(dir, 'state')), 'nothing is made')
  const lines = stdout.trim().split('\n')
  for (const line of [
    'listen: ["127.0.0.1:0"] # flag',
    'upstream: ["http://127.0.0.1:3000"] # default',
    '# static: not set',
    'admin: "unix:/tmp/a.sock" # file',
    'adminToken: "********" # environment',
    'interceptErrors: [502,503] # file',
    'idleTimeout: "1m30s" # environment',
    'logLevel: "warn" # file',
    'accessLog: "json" # default'
  ]) {
    assert.ok(lines.includes(line), `${line} in\n${stdout}`)
  }
  const copy = join(dir, 'copy.yaml')
  writeFileSync(copy, stdout.replace(/^adminToken:.*\n/m, '').replace(/^adminTokenFile:.*\n/m, ''))
  const { values } = loadWithOrigins({ flags: { config: [copy] }, env: {}, cwd: dir })
  assert.equal(values.idleTimeoutMs, 90_000)
  assert.deepEqual(values.interceptErrors, [502, 503])
})

test('check looks into everything that a site names, and shows what is its own', async (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'tokens'), '# one a line\n\na-token-of-24-characters\nshort\n', { mode: 0o600 })
  writeFileSync(join(dir, 'no.pem'), 'nothing')
  const file = `
static: .
sites:
  shop:
    hosts: shop.example
    upstream: https://127.0.0.1:1
    upstreamCa: none.pem
    static: ~
    pages: none
    bypassToken: a-token-of-24-characters
    bypassTokenFile: tokens
  blog:
    hosts: blog.example
    upstream: https://127.0.0.1:1
    upstreamCert: no.pem
    upstreamKey: no.pem
`
  writeFileSync(join(dir, 'c.yaml'), file)
  const { code, stdout, stderr } = await intermission(t, ['check', '--config', 'c.yaml', ...FREE], {
    cwd: dir
  })
  assert.equal(code, 2)
  const tokens = join(dir, 'tokens')
  for (const line of [
    /^c\.yaml:\d+:\d+: sites\.shop\.pages: ".*none" is not allowed; expected a readable directory$/m,
    /^c\.yaml:\d+:\d+: sites\.shop\.upstreamCa: ".*none\.pem" is not allowed; expected a PEM file that can be read \(ENOENT: .*\)$/m,
    new RegExp(
      `^c\\.yaml:11:22: sites\\.shop\\.bypassTokenFile: "${tokens}" holds no good token on line 4; expected 16 to`,
      'm'
    ),
    /^sites\.blog\.upstreamCa, upstreamCert, upstreamKey: .*; expected PEM files that belong together$/m
  ]) {
    assert.match(stderr, line)
  }
  assert.equal(stderr.trim().split('\n').length, 4, stderr)
  const sites = stdout.slice(stdout.indexOf('sites:\n'))
  assert.equal(
    sites.replaceAll(dir, ''),
    `sites:
  shop:
    hosts: ["shop.example"] # file
    upstream: ["https://127.0.0.1:1"] # file
    upstreamCa: "/none.pem" # file
    static: null # file
    pages: "/none" # file
    bypassToken: "********" # file
    bypassTokenFile: "/tokens" # file
  blog:
    hosts: ["blog.example"] # file
    upstream: ["https://127.0.0.1:1"] # file
    upstreamCert: "/no.pem" # file
    upstreamKey: "/no.pem" # file
`
  )
})

test('check --json is one object', async (t) => {
  const { code, stdout } = await intermission(t, ['check', '--json', ...FREE, '--state-dir', tempDir(t)])
  assert.equal(code, 0)
  const { ok, options, problems } = JSON.parse(stdout) as {
    ok: boolean
    options: { name: string }[]
    problems: object[]
  }
  assert.deepEqual({ ok, problems }, { ok: true, problems: [] })
  assert.deepEqual(
    options.find(({ name }) => name === 'upstream'),
    { name: 'upstream', value: ['http://127.0.0.1:3000'], source: 'default' }
  )
  const bad = await intermission(t, ['check', '--json', '--listen', 'x'])
  assert.equal(bad.code, 2)
  assert.deepEqual((JSON.parse(bad.stdout) as { problems: object[] }).problems, [
    {
      name: '--listen',
      place: null,
      text: '"x" is not allowed; expected host:port, [v6]:port or unix:/path; https:// or http:// before a host says whether with TLS'
    }
  ])
})

test('check finds everything that would stop a start, at once', async (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'file'), 'x')
  writeFileSync(join(dir, 'state.json'), '{"format":')
  writeFileSync(join(dir, 'admin-token'), 'a-token-of-24-characters')
  chmodSync(join(dir, 'admin-token'), 0o644)
  const listen = await taken(t)
  const socket = await taken(t, join(dir, 'taken.sock'))
  const args = ['--static', 'none', '--pages', 'file', '--state-dir', '.', '--admin', '127.0.0.1:0']
  const addresses = [listen, socket, `unix:${dir}/none/a.sock`, `unix:${dir}/file`, '192.0.2.1:80']
  const all = ['check', ...args, ...addresses.flatMap((address) => ['--listen', address])]
  const { code, stdout, stderr } = await intermission(t, all, { cwd: dir })
  assert.equal(code, 2)
  assert.match(stdout, /^static: ".*none" # flag$/m)
  for (const line of [
    /^static: ".*none" is not allowed; expected a readable directory$/m,
    /^pages: .*file/m,
    /^adminTokenFile: ".*admin-token" is open to other users \(mode 0644\); run chmod 600 on it$/m,
    /^store: .*state\.json.*; --recover puts it aside$/m,
    new RegExp(`^listen: "${listen}" is taken: something else listens there$`, 'm'),
    /^listen: "unix:.*taken.sock" is taken: something else listens there$/m,
    /^listen: "unix:.*none\/a.sock" is in a folder that is not there$/m,
    /^listen: "unix:.*file" is a file that is no socket$/m,
    /^listen: "192.0.2.1:80" is not an address of this machine$/m
  ]) {
    assert.match(stderr, line)
  }
  assert.equal(stderr.trim().split('\n').length, 9)
})

test('a folder that is there, a state that reads and a socket nobody serves are good', async (t) => {
  const dir = tempDir(t)
  mkdirSync(join(dir, 'static'))
  const dead = createServer().listen(join(dir, 'dead.sock'))
  await new Promise((resolve) => dead.once('listening', resolve))
  const gateway = await startGateway(t, ['--state-dir', dir])
  await gateway.stop()
  await new Promise((resolve) => dead.close(resolve))
  const args = [
    'check',
    '--static',
    join(dir, 'static'),
    '--state-dir',
    dir,
    '--listen',
    `unix:${dir}/dead.sock`
  ]
  const { code, stderr } = await intermission(t, [...args, '--admin', 'off'])
  assert.deepEqual({ code, stderr }, { code: 0, stderr: 'the configuration is good\n' })
})

test('the addresses of a gateway that runs are no problem for its next start', async (t) => {
  const gateway = await startGateway(t)
  const args = ['--listen', gateway.url, '--admin', gateway.adminUrl, '--state-dir', gateway.stateDir]
  const { code, stderr } = await intermission(t, ['check', ...args])
  assert.equal(code, 0, stderr)
  assert.match(stderr, /^listen: ".*" is taken, most likely by the gateway that runs already$/m)
})
