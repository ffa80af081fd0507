import assert from 'node:assert/strict'
import test from 'node:test'
import { connect } from 'node:tls'
import { listening } from '../helpers/listening.ts'
import { rawClient } from '../helpers/raw-client.ts'
import { okUpstream } from '../helpers/upstream.ts'

test('plain HTTP on a port for TLS, and garbage there, end the connection and nothing else', async (t) => {
  const upstream = await okUpstream(t)
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, tls: true })
  for (const bytes of [
    'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
    '\x16\x03\x01\x00\x05garbage',
    '\0'.repeat(10_000)
  ]) {
    const client = await rawClient(t, gateway.port)
    client.send(bytes)
    await client.ended()
    assert.doesNotMatch(client.received, /HTTP/)
  }
  // An old version of TLS is no way in.
  const old = connect({ port: gateway.port, ca: gateway.ca, servername: 'localhost', maxVersion: 'TLSv1.1' })
  const refusal = await new Promise<Error | undefined>((resolve) => {
    old.once('error', resolve).once('secureConnect', () => resolve(undefined))
  })
  old.destroy()
  assert.ok(refusal)

  const good = connect({ port: gateway.port, ca: gateway.ca, servername: 'localhost' })
  t.after(() => good.destroy())
  good.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
  const answer = await new Promise((resolve) => good.once('data', (bytes: Buffer) => resolve(String(bytes))))
  assert.match(String(answer), /^HTTP\/1\.1 200 /)
  assert.equal(upstream.seen.length, 1)
})
