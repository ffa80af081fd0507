import assert from 'node:assert/strict'
import test from 'node:test'
import { addressText, formatAddress, isLoopback, parseAddress } from '../../src/config/address.ts'

const GOOD: readonly [text: string, printed: string, loopback: boolean][] = [
  ['127.0.0.1:8080', 'http://127.0.0.1:8080', true],
  ['127.9.9.9:1', 'http://127.9.9.9:1', true],
  ['localhost:0', 'http://localhost:0', true],
  ['[::1]:80', 'http://[::1]:80', true],
  ['[::ffff:127.0.0.1]:80', 'http://[::ffff:127.0.0.1]:80', true],
  ['[::]:65535', 'http://[::]:65535', false],
  ['0.0.0.0:8080', 'http://0.0.0.0:8080', false],
  ['gateway-1.example:8080', 'http://gateway-1.example:8080', false],
  ['unix:/run/intermission/web.sock', 'unix:/run/intermission/web.sock', true],
  ['unix:///run/web.sock', 'unix:/run/web.sock', true],
  ['http://127.0.0.1:8080', 'http://127.0.0.1:8080', true],
  ['http://[::1]:8080/', 'http://[::1]:8080', true]
]
for (const [text, printed, loopback] of GOOD) {
  test(`${text} is an address, and what is printed for it is the same address`, () => {
    const address = parseAddress(text, 'listen', '/base')
    assert.equal(formatAddress(address), printed)
    assert.deepEqual(parseAddress(printed, 'listen', '/base'), address)
    assert.deepEqual(parseAddress(addressText(address), 'listen', '/base'), address)
    assert.equal(isLoopback(address), loopback)
  })
}

const BAD = [
  '',
  '8080',
  ':8080',
  'localhost',
  'localhost:',
  'localhost:65536',
  'localhost:http',
  'localhost:-1',
  'localhost:08080080',
  '::1:8080',
  '[127.0.0.1]:80',
  '[::1]',
  '999.1.1.1:80',
  '1.2.3:80',
  'a b:80',
  'a/b:80',
  '-a:80',
  'user@host:80',
  'https://127.0.0.1:80',
  'http://127.0.0.1:80/path',
  'unix:',
  'unix:/',
  'unix://host/path',
  'unix:/a\0b',
  `unix:/${'x'.repeat(107)}`
]
for (const text of BAD) {
  test(`${JSON.stringify(text).slice(0, 40)} is refused as an address`, () => {
    assert.throws(() => parseAddress(text, 'listen', '/base'), {
      code: 'ERR_INPUT_INVALID',
      message:
        /^listen: ".*" is not allowed; expected host:port, \[v6\]:port or unix:\/path$|^listen: "unix:\/x+\.\.\./
    })
  })
}
