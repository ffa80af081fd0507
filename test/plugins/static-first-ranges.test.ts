import assert from 'node:assert/strict'
import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { fetchWhole } from '../pages/server.ts'
import { site } from './static-site.ts'

test('conditions hold as RFC 9110 has them', async (t) => {
  const { port, root } = await site(t)
  utimesSync(join(root, 'hello.txt'), 1_700_000_000, 1_700_000_000)
  const { headers } = await fetchWhole(port, '/hello.txt')
  const etag = headers.etag!
  const modified = headers['last-modified']!
  assert.equal(modified, 'Tue, 14 Nov 2023 22:13:20 GMT')
  const old = 'Sat, 01 Jan 2000 00:00:00 GMT'
  for (const [wanted, condition] of [
    [304, { 'if-none-match': etag }],
    [304, { 'if-none-match': `"x", ${etag} , "y"` }],
    [304, { 'if-none-match': `W/${etag}` }],
    [304, { 'if-none-match': '*' }],
    [200, { 'if-none-match': '"nope"' }],
    [200, { 'if-none-match': '"nope"', 'if-modified-since': modified }],
    [304, { 'if-modified-since': modified }],
    [200, { 'if-modified-since': old }],
    [200, { 'if-modified-since': 'junk' }],
    [200, { 'if-match': etag }],
    [200, { 'if-match': '*' }],
    [412, { 'if-match': `W/${etag}` }],
    [412, { 'if-match': '"nope"' }],
    [412, { 'if-unmodified-since': old }],
    [200, { 'if-unmodified-since': modified }],
    [200, { 'if-match': etag, 'if-unmodified-since': old }]
  ] as [number, Record<string, string>][]) {
    for (const method of ['GET', 'HEAD']) {
      const got = await fetchWhole(port, '/hello.txt', { method, headers: condition })
      assert.equal(got.status, wanted, `${method} ${JSON.stringify(condition)}`)
      if (wanted === 304) {
        assert.deepEqual([got.headers.etag, got.headers['last-modified'], got.text], [etag, modified, ''])
      }
    }
  }
})

test('ranges are RFC 9110’s', async (t) => {
  const { port } = await site(t)
  const { headers } = await fetchWhole(port, '/digits.txt')
  const whole = [200, '0123456789', undefined]
  for (const [range, wanted, more] of [
    ['bytes=0-3', [206, '0123', 'bytes 0-3/10']],
    ['bytes=7-', [206, '789', 'bytes 7-9/10']],
    ['bytes=-2', [206, '89', 'bytes 8-9/10']],
    ['bytes=-50', [206, '0123456789', 'bytes 0-9/10']],
    ['bytes=8-100', [206, '89', 'bytes 8-9/10']],
    ['Bytes= 0-0', [206, '0', 'bytes 0-0/10']],
    ['bytes=100-', [416, null, 'bytes */10']],
    ['bytes=-0', [416, null, 'bytes */10']],
    ['lines=0-3', whole],
    ['bytes=abc', whole],
    ['bytes=-', whole],
    ['bytes=5-2', whole],
    ['bytes=50-20', whole],
    ['bytes=0-1,8-9', whole],
    [`bytes=${Array(50).fill('0-').join(',')}`, whole],
    ['bytes=0-3', [206, '0123', 'bytes 0-3/10'], { 'if-range': headers.etag! }],
    ['bytes=0-3', [206, '0123', 'bytes 0-3/10'], { 'if-range': headers['last-modified']! }],
    ['bytes=0-3', whole, { 'if-range': `W/${headers.etag}` }],
    ['bytes=0-3', whole, { 'if-range': '"nope"' }],
    ['bytes=0-3', whole, { 'if-range': 'Sat, 01 Jan 2000 00:00:00 GMT' }],
    ['bytes=0-3', whole, { 'if-range': 'Fri, 01 Jan 2100 00:00:00 GMT' }]
  ] as [string, [number, string | null, string | undefined], Record<string, string>?][]) {
    const got = await fetchWhole(port, '/digits.txt', { headers: { range, ...more } })
    assert.deepEqual(
      [got.status, got.headers['content-range']],
      [wanted[0], wanted[2]],
      `${range} ${JSON.stringify(more)}`
    )
    if (wanted[1] !== null) assert.equal(got.text, wanted[1])
    assert.equal(got.headers['content-length'], String(got.body.length))
  }
  assert.equal((await fetchWhole(port, '/empty.txt', { headers: { range: 'bytes=0-' } })).status, 200)
  const head = await fetchWhole(port, '/digits.txt', { method: 'HEAD', headers: { range: 'bytes=0-3' } })
  assert.deepEqual([head.status, head.headers['content-length']], [200, '10'])
})

test('a part deep in a large file is exact', async (t) => {
  const { port, root } = await site(t)
  const big = Buffer.from(Array.from({ length: 500_000 }, (_, index) => String(index).padStart(10)).join(''))
  writeFileSync(join(root, 'big.bin'), big)
  assert.deepEqual((await fetchWhole(port, '/big.bin')).body, big)
  const part = await fetchWhole(port, '/big.bin', { headers: { range: 'bytes=4000000-4000099' } })
  assert.deepEqual(part.body, big.subarray(4_000_000, 4_000_100))
})
