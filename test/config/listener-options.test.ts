import assert from 'node:assert/strict'
import test from 'node:test'
import { loadSettings } from '../../src/config/load.ts'
import type { Settings } from '../../src/config/settings.ts'

const load = (flags: Record<string, string[]>): Settings => loadSettings({ flags, env: {}, cwd: '/srv' })
const PAIR = { tlsCert: ['c.pem'], tlsKey: ['k.pem'] }

const REFUSED: readonly (readonly [flags: Record<string, string[]>, says: RegExp])[] = [
  [{ listen: ['https://127.0.0.1:81'] }, /^--listen: https:\/\/ needs a certificate/],
  [
    { tlsCert: ['c.pem'] },
    /^--tls-cert: each certificate needs its key: there are 1 of tlsCert, and 0 of tlsKey/
  ],
  [
    { tlsCert: ['c.pem'], tlsKey: ['k.pem', 'l.pem'] },
    /^--tls-key: each certificate needs its key: there are 1 of tlsCert, and 2 of tlsKey/
  ],
  [{ ...PAIR, listen: ['http://127.0.0.1:81'] }, /^--tls-cert: no address of listen speaks TLS/],
  [{ ...PAIR, listen: ['unix:/run/g.sock'] }, /^--tls-cert: no address of listen speaks TLS/],
  [{ redirectListen: ['127.0.0.1:81'] }, /^--redirect-listen: there is no https listener/],
  [{ ...PAIR, redirectListen: ['https://127.0.0.1:81'] }, /^--redirect-listen: .* not allowed/],
  [{ ...PAIR, redirectListen: ['127.0.0.1:8080'] }, /^--redirect-listen: .* already taken/],
  [{ proxyProtocol: ['on'] }, /^--proxy-protocol: .* peers in trustProxy, and there are none/],
  [{ listen: ['127.0.0.1:81', 'http://127.0.0.1:81'] }, /^--listen: .* already taken/],
  [{ listen: ['ftp://127.0.0.1:81'] }, /^--listen: .* https:\/\/ or http:\/\/ before a host/],
  [{ listen: ['https://unix:/run/g.sock'] }, /^--listen: .* not allowed/],
  [{ admin: ['https://127.0.0.1:81'] }, /^--admin: .* not allowed/],
  [{ maxHeaderSize: ['32kb'] }, /^--max-header-size: .* a size such as 32k, from 1k to 1m/],
  [{ maxHeaderSize: ['2m'] }, /^--max-header-size: .* from 1k to 1m/],
  [{ maxHeaderSize: ['512'] }, /^--max-header-size: .* from 1k to 1m/],
  [{ maxRequests: ['many'] }, /^--max-requests: .* a whole number, or 0 for no limit/],
  [{ clientIdleTimeout: ['0s'] }, /^--client-idle-timeout: .* longer than 0/]
]

for (const [flags, says] of REFUSED) {
  test(`${JSON.stringify(flags)} is refused`, () => {
    assert.throws(
      () => load(flags),
      (error) => says.test((error as Error).message)
    )
  })
}

test('an address may say whether TLS is spoken', () => {
  const { listen } = load({ ...PAIR, listen: ['127.0.0.1:81,http://127.0.0.1:82', 'https://[::1]:83/'] })
  assert.deepEqual(listen, [
    { kind: 'tcp', host: '127.0.0.1', port: 81 },
    { kind: 'tcp', host: '127.0.0.1', port: 82, tls: false },
    { kind: 'tcp', host: '::1', port: 83, tls: true }
  ])
})
