import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import test from 'node:test'
import { createOriginGuard } from '../../src/admin/origin-guard.ts'

const guard = createOriginGuard()

/** A request that came to a port which a test may not listen on. */
function arrived(host: string, socket: { localPort: number; encrypted?: boolean }): IncomingMessage {
  const request = { headers: { host }, headersDistinct: { host: [host] }, socket }
  return request as unknown as IncomingMessage
}

for (const [host, localPort, encrypted, isOurs] of [
  ['localhost', 80, false, true],
  ['localhost', 443, true, true],
  ['localhost', 443, false, false],
  ['localhost', 80, true, false],
  ['localhost', 8081, false, false],
  ['localhost', 8443, true, false],
  ['localhost:443', 443, true, true]
] as const) {
  const scheme = encrypted ? 'https' : 'http'
  test(`${host} ${isOurs ? 'is' : 'is not'} how ${scheme} spells port ${localPort} of the loopback`, () => {
    const refusal = guard(arrived(host, { localPort, encrypted }))
    assert.equal(refusal?.field, isOurs ? undefined : 'Host')
  })
}
