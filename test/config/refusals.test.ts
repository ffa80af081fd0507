import assert from 'node:assert/strict'
import test from 'node:test'
import { type LoadInput, loadSettings, loadSome } from '../../src/config/load.ts'
import { envOf, flagOf } from '../../src/config/option.ts'
import { ConfigError } from '../../src/config/problems.ts'
import { REDIS_URL_ALLOWED } from '../../src/redis-url.ts'

/** The lines of the error. */
function refusals(input: Partial<LoadInput>): string[] {
  try {
    loadSettings({ flags: {}, env: {}, ...input })
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    assert.equal(error.code, 'ERR_CONFIG_INVALID')
    return error.message.split('\n')
  }
  return []
}

const ADDRESS = 'host:port, [v6]:port or unix:/path'
const LISTEN = `${ADDRESS}; https:// or http:// before a host says whether with TLS`
const UPSTREAM = 'http://host:port, https://host:port or unix:/path.sock'
const PLAIN_UPSTREAM = `${UPSTREAM}, without user, path or query`
const DURATION = 'a duration with a unit such as 500ms, 30s, 5m, 1h30m or PT5M, longer than 0 and at most 24d'
const CIDR = 'addresses and CIDR blocks such as 10.0.0.0/8, 192.0.2.7 or fd00::/8, or unix'
const CODES = 'statuses from 400 to 599 such as 500,502-504'
const STORE = 'memory:, file: (in the state folder), file:PATH or redis://host:6379'
const REDIS = REDIS_URL_ALLOWED
const PREFIX =
  'a path such as /-/admin: no slash at its end, letters, digits and . _ ~ - in it, outside /.intermission'

const BAD: readonly [name: string, text: string, allowed: string][] = [
  ['listen', ':8080', LISTEN],
  ['listen', '', LISTEN],
  ['upstream', '127.0.0.1:3000', PLAIN_UPSTREAM],
  ['upstream', 'http://ada:secret@app', PLAIN_UPSTREAM],
  ['upstream', 'http://app/path', PLAIN_UPSTREAM],
  ['upstream', 'http://app?x', PLAIN_UPSTREAM],
  ['upstream', 'http://app:0', UPSTREAM],
  ['upstream', 'http://app:99999', UPSTREAM],
  ['upstream', 'unix:', UPSTREAM],
  ['upstream', 'unix:~/app.sock', UPSTREAM],
  ['upstream', 'ftp://app', PLAIN_UPSTREAM],
  ['static', '', 'a path'],
  ['pages', '', 'a path'],
  ['admin', 'none', `${ADDRESS}, or off`],
  ['adminPath', 'admin', PREFIX],
  ['adminPath', '/', PREFIX],
  ['adminPath', '/admin/', PREFIX],
  ['adminPath', '/a/../b', PREFIX],
  ['adminPath', '/a%2fb', PREFIX],
  ['adminPath', '/.intermission/x', PREFIX],
  ['adminTokenFile', '', 'a path'],
  ['stateDir', '', 'a path'],
  ['store', 'postgres://x', STORE],
  ['store', 'redis:x', REDIS],
  ['store', 'redis://one,two', REDIS],
  ['store', 'redis+sentinel://one', REDIS],
  ['store', 'redis+cluster://one/1', REDIS],
  ['store', 'redis://host/1?x=1', REDIS],
  ['fleet', 'a{b}', '1 to 64 letters, digits and . _ -'],
  ['fencing', 'on', 'off or strict'],
  ['coldStart', 'live', 'cached, hold or pass'],
  ['trustProxy', '10.0.0.0/33', CIDR],
  ['trustProxy', '::/129', CIDR],
  ['trustProxy', '10.0.0/8', CIDR],
  ['trustProxy', '10.0.0.0/', CIDR],
  ['trustProxy', 'localhost', CIDR],
  ['trustProxy', 'fe80::1%eth0', CIDR],
  ['interceptErrors', '200', CODES],
  ['interceptErrors', '504-502', CODES],
  ['interceptErrors', '5xx', CODES],
  ['interceptErrors', '600', CODES],
  ['connectTimeout', '2', DURATION],
  ['responseTimeout', '0s', DURATION],
  ['idleTimeout', 'soon', DURATION],
  ['idleTimeout', '25d', DURATION],
  ['drainTimeout', '-1s', DURATION.replace('longer than 0 and ', '')],
  ['logLevel', 'INFO', 'one of fatal, error, warn, info, debug, trace, silent'],
  ['accessLog', 'maybe', 'on, off, json or combined']
]
for (const [name, text, allowed] of BAD) {
  test(`${name} ${JSON.stringify(text)} is refused, by the name of the flag or the variable`, () => {
    const says = `${JSON.stringify(text)} is not allowed; expected ${allowed}`
    assert.deepEqual(refusals({ flags: { [name]: [text] } }), [`${flagOf(name)}: ${says}`])
    assert.deepEqual(refusals({ env: { [envOf(name)]: text } }), [`${envOf(name)}: ${says}`])
  })
}

for (const name of ['recover', 'adminInsecure']) {
  test(`the variable of the switch ${name} takes on and off only`, () => {
    const says = `${envOf(name)}: "yes" is not allowed; expected on or off`
    assert.deepEqual(refusals({ env: { [envOf(name)]: 'yes' } }), [says])
  })
}

for (const token of [
  '',
  'short',
  'fifteen-letters',
  'with a space in it',
  'tab\tand more than that',
  `é${'x'.repeat(20)}`
]) {
  test(`the token ${JSON.stringify(token)} is refused without being repeated`, () => {
    const says = 'this value is not allowed; expected 16 to 512 visible ASCII characters without spaces'
    assert.deepEqual(refusals({ flags: { adminToken: [token] } }), [`--admin-token: ${says}`])
  })
}

test('everything that is wrong is told at once', () => {
  const flags = { listen: ['a', 'b:1', 'c'], connectTimeout: ['2'] }
  const env = { INTERMISSION_UPSTREAM: 'x', INTERMISSION_LISTEN: 'y', PORT: 'z' }
  assert.deepEqual(
    refusals({ flags, env }).map((line) => line.split(' is not')[0]),
    [
      'INTERMISSION_LISTEN: "y"',
      '--listen: "a"',
      '--listen: "c"',
      'INTERMISSION_UPSTREAM: "x"',
      '--connect-timeout: "2"'
    ]
  )
})

test('PORT must be a port', () => {
  assert.deepEqual(refusals({ env: { PORT: 'tcp://x' } }), [
    'PORT: "tcp://x" is not allowed; expected a port from 0 to 65535'
  ])
  assert.equal(refusals({ env: { PORT: '65536' } }).length, 1)
})

test('a flag that counts once is refused when it is given twice', () => {
  assert.deepEqual(refusals({ flags: { store: ['memory:', 'file:'] } }), ['--store: is given more than once'])
  assert.deepEqual(refusals({ flags: { config: ['/dev/null', '/dev/null'] } }), [
    '--config: is given more than once'
  ])
})

for (const admin of ['0.0.0.0:8081', '[::]:8081', '192.0.2.1:8081', 'gateway.example:8081']) {
  test(`an admin API on ${admin} must be allowed explicitly`, () => {
    const [line] = refusals({ env: { INTERMISSION_ADMIN: admin } })
    assert.ok(line?.startsWith(`INTERMISSION_ADMIN: "${admin}" can be reached from other machines`), line)
    assert.match(line ?? '', /--admin-insecure/)
    assert.deepEqual(refusals({ env: { INTERMISSION_ADMIN: admin }, flags: { adminInsecure: true } }), [])
  })
}

test('a client may look for an admin API on another machine', () => {
  const { admin } = loadSome(['admin'], { flags: { admin: ['192.0.2.1:8081'] }, env: {} })
  assert.deepEqual(admin, { kind: 'tcp', host: '192.0.2.1', port: 8081 })
})

test('two listeners cannot have one address', () => {
  assert.deepEqual(refusals({ flags: { listen: ['127.0.0.1:8081'] } }), [
    'admin: "127.0.0.1:8081" is already taken by another listener'
  ])
  assert.deepEqual(refusals({ flags: { listen: ['unix:/a,unix:///a'] } }), [
    '--listen: "unix:/a" is already taken by another listener'
  ])
  assert.deepEqual(refusals({ flags: { listen: ['127.0.0.1:0,127.0.0.1:0'], admin: ['127.0.0.1:0'] } }), [])
})

test('a token and a token file from one source leave open which counts', () => {
  const env = { INTERMISSION_ADMIN_TOKEN: 'a-token-of-24-characters', INTERMISSION_ADMIN_TOKEN_FILE: '/t' }
  assert.deepEqual(refusals({ env }), [
    'INTERMISSION_ADMIN_TOKEN: cannot be given together with INTERMISSION_ADMIN_TOKEN_FILE: which of the two counts?'
  ])
})

test('a variable that looks like ours and is not is refused with the one that was meant', () => {
  assert.deepEqual(refusals({ env: { INTERMISSION_UPSTRAEM: 'http://a' } }), [
    'INTERMISSION_UPSTRAEM: there is no such variable; did you mean INTERMISSION_UPSTREAM?'
  ])
  assert.match(
    refusals({ env: { INTERMISSION_QUUX: '1' } })[0] ?? '',
    /expected one of INTERMISSION_CONFIG, INTERMISSION_LISTEN/
  )
})

test('the variables that Kubernetes sets for a Service named intermission are no mistake', () => {
  const env = {
    INTERMISSION_SERVICE_HOST: '10.0.0.1',
    INTERMISSION_SERVICE_PORT: '80',
    INTERMISSION_SERVICE_PORT_HTTP: '80',
    INTERMISSION_PORT: 'tcp://10.0.0.1:80',
    INTERMISSION_PORT_80_TCP: 'tcp://10.0.0.1:80',
    INTERMISSION_PORT_80_TCP_PROTO: 'tcp',
    INTERMISSION_ADMIN_PORT: 'tcp://10.0.0.1:81',
    INTERMISSION_ADMIN_SERVICE_HOST: '10.0.0.1'
  }
  assert.deepEqual(refusals({ env }), [])
  assert.equal(refusals({ env: { INTERMISSION_PORT: '80' } }).length, 1)
})
