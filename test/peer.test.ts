import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import test from 'node:test'
import { createAddressRanges } from '../src/address-ranges.ts'
import { createClientAddress } from '../src/peer.ts'
import { markUnixPeer } from '../src/unix-peer.ts'

function request(remoteAddress: string | undefined, forwardedFor?: string): IncomingMessage {
  const headers = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }
  return { socket: { remoteAddress } as Socket, headers } as unknown as IncomingMessage
}

const TRUSTED = ['10.0.0.0/8', 'fd00::/8']

const ADDRESSES: readonly [peer: string | undefined, forwardedFor: string | undefined, is: string | null][] =
  [
    ['192.0.2.1', undefined, '192.0.2.1'],
    ['192.0.2.1', '10.0.0.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '10.0.0.1', '192.0.2.1'],
    ['10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['::ffff:10.0.0.1', '192.0.2.1', '192.0.2.1'],
    ['fd00::1', '2001:db8::1', '2001:db8::1'],
    // What a client has said itself stands on the left.
    ['10.0.0.1', '203.0.113.9, 192.0.2.1', '192.0.2.1'],
    ['10.0.0.1', '203.0.113.9, 192.0.2.1, 10.1.1.1', '192.0.2.1'],
    ['10.0.0.1', '10.2.2.2, 10.1.1.1', '10.2.2.2'],
    ['10.0.0.1', undefined, '10.0.0.1'],
    ['10.0.0.1', '192.0.2.1:4711', '192.0.2.1'],
    ['10.0.0.1', '[2001:db8::1]:4711', '2001:db8::1'],
    ['10.0.0.1', '[2001:db8::1]', '2001:db8::1'],
    ['10.0.0.1', '::ffff:192.0.2.1', '192.0.2.1'],
    // Nobody knows.
    ['10.0.0.1', '', null],
    ['10.0.0.1', 'unknown', null],
    ['10.0.0.1', '192.0.2.1, unknown', null],
    ['10.0.0.1', '192.0.2.1,', null],
    ['10.0.0.1', '192.0.2.1 192.0.2.2', null],
    [undefined, '192.0.2.1', null]
  ]
for (const [peer, forwardedFor, is] of ADDRESSES) {
  test(`a request from ${peer} with X-Forwarded-For ${JSON.stringify(forwardedFor)} comes from ${is}`, () => {
    assert.equal(createClientAddress(TRUSTED)(request(peer, forwardedFor)), is)
  })
}

test('what comes over a unix socket comes from nobody, unless unix sockets are trusted', () => {
  const one = request(undefined, '192.0.2.1')
  markUnixPeer(one.socket)
  assert.equal(createClientAddress(TRUSTED)(one), null)
  assert.equal(createClientAddress(['unix'])(one), '192.0.2.1')
})

test('ranges hold IPv4 and IPv6, and refuse by name what is neither', () => {
  const ranges = createAddressRanges('bypassAddresses', ['192.0.2.0/24', '2001:db8::1'])
  for (const address of ['192.0.2.77', '::ffff:192.0.2.77', '2001:db8::1'])
    assert.ok(ranges.has(address), address)
  for (const address of ['192.0.3.1', '2001:db8::2', 'fe80::1%eth0', '192.0.2.077', '', 'localhost'])
    assert.ok(!ranges.has(address), address)
  for (const wrong of ['192.0.2.0/33', '192.0.2.0/', '192.0.2.0/8/8', '192.0.2', 'localhost', '', '::/129'])
    assert.throws(() => createAddressRanges('bypassAddresses', [wrong]), { message: /^bypassAddresses: / })
})
