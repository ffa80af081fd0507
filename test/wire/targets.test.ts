import assert from 'node:assert/strict'
import test from 'node:test'
import { fieldsOf } from '../helpers/front.ts'
import { HOST, wire } from './wire.ts'

const AS_IT_IS = [
  '/',
  '/?',
  '/?q=a%2Fb&x[]=1',
  '/a/../b',
  '/a/./b/',
  '///a//b///',
  '/a;v=1/..;/b',
  '/%2e/a',
  '/a%2fb%5cc',
  '/%252e%252e/b',
  '/%C0%AE%c0%ae',
  '/caf%E9',
  '/a%0d%0aX-Evil:1',
  '/\\..\\x',
  '/"<>^`{|}\'',
  '/a?%zz%00&/../../x',
  '/a#/../../b',
  '/~a!$&()*+,=:@',
  '/__proto__/constructor',
  `/${'a'.repeat(30_000)}`
]

test('a target passes byte for byte', async (t) => {
  const { talk, upstream } = await wire(t)
  for (const target of AS_IT_IS) {
    const { statuses } = await talk(`GET ${target} HTTP/1.1\r\n${HOST}\r\n`)
    assert.deepEqual([statuses, upstream.seen.at(-1)?.url], [[200], target], target.slice(0, 50))
  }
})

const REFUSED = [
  '/..',
  '/../a',
  '/a/../../b',
  '/%2e%2e/b',
  '/.%2e/b',
  '/a%2f..%2f..%2fb',
  '/%zz',
  '/a%',
  '/a%2',
  '/a%00b',
  'foo',
  '?q',
  'a.test:80',
  'ftp://a.test/',
  'http://',
  'http:///a',
  'http://u:p@a.test/',
  'http://a b/',
  '/caf\xe9',
  '/a b',
  '/a\tb',
  '/a\x7fb'
]

test('a target that leads nowhere or elsewhere is refused with 400, and the connection ends', async (t) => {
  const { talk, reached } = await wire(t)
  for (const target of REFUSED) {
    const { statuses, end } = await talk(`GET ${target} HTTP/1.1\r\n${HOST}\r\n`)
    assert.deepEqual([statuses, end], [[400], 'end'], target)
  }
  assert.deepEqual(reached(), [])
})

test('an absolute target is taken for its path, and its host counts', async (t) => {
  const { talk, upstream } = await wire(t)
  const cases = [
    ['http://other.test/a?b', '/a?b', 'other.test'],
    ['HTTP://other.test:99/a', '/a', 'other.test:99'],
    ['https://other.test', '/', 'other.test'],
    ['http://other.test?q', '/?q', 'other.test'],
    ['http://[::1]:8/a', '/a', '[::1]:8']
  ]
  for (const [target, path, host] of cases) {
    assert.deepEqual((await talk(`GET ${target} HTTP/1.1\r\n${HOST}\r\n`)).statuses, [200])
    const seen = upstream.seen.at(-1)!
    assert.deepEqual([seen.url, fieldsOf(seen, 'host')], [path, [host]])
    assert.deepEqual(fieldsOf(seen, 'x-forwarded-host'), [host])
  }
})

test('a Host passes as it was sent', async (t) => {
  const { talk, upstream } = await wire(t)
  for (const host of [
    'shop.test',
    'Shop.Test:8443',
    '[::1]:80',
    'a_b.test',
    'a.test.',
    'a%2fb',
    '192.0.2.1:',
    'a,b',
    ''
  ]) {
    assert.deepEqual((await talk(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).statuses, [200], host)
    assert.deepEqual(fieldsOf(upstream.seen.at(-1)!, 'host'), [host])
  }
})

test('no Host, two, and what is none are refused with 400', async (t) => {
  const { talk, reached } = await wire(t)
  const bad = [
    'a/b',
    'u@a',
    'a b',
    'a:x',
    '[::1',
    'a..b',
    ':80',
    '\xc3\xa9.test',
    'a<b',
    'a?b',
    'a#b',
    'a\\b',
    '"a"'
  ]
  const fields = [
    '',
    `${HOST}Host: other.test\r\n`,
    `${HOST}${HOST}`,
    ...bad.map((host) => `Host: ${host}\r\n`)
  ]
  for (const field of fields) {
    const { statuses, end } = await talk(`GET / HTTP/1.1\r\n${field}\r\nGET /next HTTP/1.1\r\n${HOST}\r\n`)
    assert.deepEqual([statuses, end], [[400], 'end'], field)
  }
  assert.deepEqual(reached(), [])
})

test('a client of HTTP/1.0 needs no Host, and the app is told the one of the upstream', async (t) => {
  const { talk, upstream } = await wire(t)
  const { answers, end } = await talk('GET /a HTTP/1.0\r\n\r\n')
  assert.deepEqual([answers[0]?.body, end], ['GET /a', 'end'])
  assert.deepEqual(fieldsOf(upstream.seen[0]!, 'host'), [new URL(upstream.url).host])
})

test('where the client has named no host, the app is not told that it was asked for the one of the upstream', async (t) => {
  const { talk, upstream } = await wire(t)
  for (const head of ['GET /a HTTP/1.0\r\n', 'GET /a HTTP/1.1\r\nHost:\r\n']) {
    await talk(`${head}\r\n`)
    assert.deepEqual(fieldsOf(upstream.seen.at(-1)!, 'x-forwarded-host'), [])
    assert.deepEqual(fieldsOf(upstream.seen.at(-1)!, 'x-forwarded-proto'), ['http'])
  }
  await talk('GET http://shop.test/a HTTP/1.0\r\n\r\n')
  assert.deepEqual(fieldsOf(upstream.seen.at(-1)!, 'x-forwarded-host'), ['shop.test'])
})

test('what is not HTTP/1 is refused', async (t) => {
  const { talk, reached } = await wire(t)
  const cases: [string, number][] = [
    ['POST / HTTP/2.0\r\nhost: h\r\ncontent-length: 3\r\n\r\nabc', 505],
    ['GET / HTTP/2.0\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n', 505],
    ['GET /\r\n\r\n', 505],
    [`GET / HTTP/0.9\r\n${HOST}\r\n`, 505],
    [`GET / HTTP/2.0\r\n${HOST}\r\n`, 505],
    [`GET / HTTP/1.2\r\n${HOST}\r\n`, 505],
    [`GET / http/1.1\r\n${HOST}\r\n`, 400],
    [`GET / HTTP/1.1 x\r\n${HOST}\r\n`, 505],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    [`\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03${'x'.repeat(200)}`, 400]
  ]
  for (const [bytes, status] of cases) {
    const { statuses, end } = await talk(bytes)
    assert.deepEqual([statuses, end], [[status], 'end'], bytes.slice(0, 20))
  }
  assert.deepEqual(reached(), [])
})
