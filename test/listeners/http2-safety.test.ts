import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { http2Weakness } from '../../src/listeners/http2-safety.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { startGateway } from '../helpers/process.ts'

test('versions of Node whose HTTP/2 can be made to end the process are known', () => {
  for (const safe of ['1.68.1', '1.69.0', '1.70.0', '2.0.0']) assert.equal(http2Weakness(safe), null)
  for (const weak of ['1.61.0', '1.68.0', '1.9.2']) assert.match(http2Weakness(weak)!, /CVE-2026-27135/)
})

test('HTTP/2 can be turned off; where it is on with such a Node, the log warns', async (t) => {
  const { certPath, keyPath } = makeCertificate(t)
  for (const http2 of ['on', 'off']) {
    const flags = ['--listen', '127.0.0.1:0', '--tls-cert', certPath, '--tls-key', keyPath, '--http2', http2]
    const gateway = await startGateway(t, [...flags, '--admin', 'off'])
    const socket = connect({
      port: Number(new URL(gateway.url).port),
      ALPNProtocols: ['h2', 'http/1.1'],
      rejectUnauthorized: false
    })
    t.after(() => socket.destroy())
    await new Promise((resolve) => socket.once('secureConnect', resolve))
    assert.equal(socket.alpnProtocol, http2 === 'on' ? 'h2' : 'http/1.1')
    const warned = gateway.stdout.includes('CVE-2026-27135')
    assert.equal(warned, http2 === 'on' && http2Weakness() !== null)
  }
})
