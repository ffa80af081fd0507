import assert from 'node:assert/strict'
import test from 'node:test'
import { nearest, suggestion } from '../src/near.ts'

const NAMES = ['listen', 'upstream', 'static', 'admin', 'adminToken', 'connectTimeout', 'trustProxy', 'store']

const MEANT: readonly [word: string, meant: string | undefined][] = [
  ['lisen', 'listen'],
  ['listne', 'listen'],
  ['Listen', 'listen'],
  ['connect-timeout', 'connectTimeout'],
  ['connect_time_out', 'connectTimeout'],
  ['trustproxies', 'trustProxy'],
  ['adminTokn', 'adminToken'],
  ['sotre', 'store'],
  ['x', undefined],
  ['', undefined],
  ['somethingElse', undefined]
]
for (const [word, meant] of MEANT) {
  test(`${JSON.stringify(word)} ${meant ? `probably means ${meant}` : 'means nothing known'}`, () => {
    assert.equal(nearest(word, NAMES), meant)
  })
}

test('where nothing is near, everything is told', () => {
  assert.equal(suggestion('zzz', ['a1', 'b1']), 'expected one of a1, b1')
  assert.equal(
    suggestion('lisen', NAMES, (name) => `--${name}`),
    'did you mean --listen?'
  )
})
