import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { http2Weakness } from '../src/http2-safety.ts'
import { makeCertificate } from './helpers/certificate.ts'
import { startGateway } from './helpers/process.ts'

test('versions of Node whose HTTP/2 can be made to end the process are known', () => {
  for (const safe of ['1.68.1', '1.69.0', '1.70.0', '2.0.0']) assert.equal(http2Weakness(safe), null)
  for (const weak of ['1.61.0', '1.68.0', '1.9.2']) assert.match(http2Weakness(weak)!, /CVE-2026-27135/)
})

const isSafe = http2Weakness() === null

for (const flags of [[], ['--http2', 'on'], ['--http2', 'off']]) {
  const isOffered = flags.length === 0 ? isSafe : flags[1] === 'on'
  test(`with "${flags.join(' ')}" HTTP/2 is ${isOffered ? '' : 'not '}offered, and the log says what is known against it`, async (t) => {
    const { certPath, keyPath } = makeCertificate(t)
    const tls = ['--tls-cert', certPath, '--tls-key', keyPath]
    const gateway = await startGateway(t, ['--listen', '127.0.0.1:0', ...tls, ...flags, '--admin', 'off'])
    const socket = connect({
      port: Number(new URL(gateway.url).port),
      ALPNProtocols: ['h2', 'http/1.1'],
      rejectUnauthorized: false
    })
    await new Promise((resolve) => socket.once('secureConnect', resolve))
    const { alpnProtocol } = socket
    socket.destroy()
    assert.equal(alpnProtocol, isOffered ? 'h2' : 'http/1.1')
    const said = /HTTP\/2 (offered with a warning|not offered)/.exec(gateway.stdout)?.[1]
    assert.equal(said, isSafe ? undefined : isOffered ? 'offered with a warning' : 'not offered')
  })
}
