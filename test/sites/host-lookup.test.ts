import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import test from 'node:test'
import { createHostLookup } from '../../src/host-lookup.ts'

const ask = (host: string | undefined, url = '/', method = 'GET'): IncomingMessage =>
  ({ url, method, headers: host === undefined ? {} : { host } }) as IncomingMessage

const lookup = createHostLookup(
  [
    { hosts: ['shop.example', '192.0.2.7', '[2001:db8::1]'], owner: 'shop' },
    { hosts: ['*.shop.example'], owner: 'branches' },
    { hosts: ['*.north.shop.example', 'xn--bcher-kva.example'], owner: 'north' }
  ],
  'fallback'
)

const CASES: readonly [host: string | undefined, owner: string][] = [
  ['shop.example', 'shop'],
  ['Shop.EXAMPLE', 'shop'],
  ['shop.example:8443', 'shop'],
  ['shop.example.', 'shop'],
  ['SHOP.example.:80', 'shop'],
  ['192.0.2.7', 'shop'],
  ['192.0.2.7:8080', 'shop'],
  ['[2001:db8::1]', 'shop'],
  ['[2001:DB8::1]:443', 'shop'],
  ['a.shop.example', 'branches'],
  ['a.b.shop.example:80', 'branches'],
  ['north.shop.example', 'branches'],
  ['a.north.shop.example', 'north'],
  ['a.b.north.shop.example', 'north'],
  ['xn--bcher-kva.example', 'north'],
  ['workshop.example', 'fallback'],
  ['.shop.example', 'fallback'],
  ['shop.example.evil', 'fallback'],
  ['shop.example..', 'fallback'],
  ['shop.example:80:80', 'fallback'],
  ['shop.example/', 'fallback'],
  ['user@shop.example', 'fallback'],
  ['shop.example, evil.example', 'fallback'],
  ['*.shop.example', 'branches'],
  ['__proto__', 'fallback'],
  ['', 'fallback'],
  [undefined, 'fallback'],
  [`${'a.'.repeat(8000)}shop.example`, 'fallback']
]
for (const [host, owner] of CASES) {
  test(`the host ${JSON.stringify(host?.slice(0, 40))} leads to ${owner}`, () => {
    assert.equal(lookup(ask(host)), owner)
  })
}

test('the host of an absolute-form target outranks the Host field', () => {
  assert.equal(lookup(ask('elsewhere.example', 'http://shop.example/a')), 'shop')
  assert.equal(lookup(ask('elsewhere.example', 'HTTPS://A.Shop.Example:443/a')), 'branches')
  assert.equal(lookup(ask('shop.example', 'http://elsewhere.example/')), 'fallback')
  assert.equal(lookup(ask('shop.example', '*', 'OPTIONS')), 'shop')
  assert.equal(lookup(ask('shop.example', '//elsewhere.example/')), 'shop')
})
