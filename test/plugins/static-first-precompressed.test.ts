import assert from 'node:assert/strict'
import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { weightOf } from '../../src/static/precompressed.ts'
import { raw, type Site, site } from './static-site.ts'

const TEXT = 'const a = 1\n'.repeat(100)
const BR = brotliCompressSync(TEXT).toString('latin1')
const GZ = gzipSync(TEXT).toString('latin1')

async function withSiblings(t: Parameters<typeof site>[0]): Promise<Site> {
  const here = await site(t, { precompressed: true })
  const put = (name: string, text: string): void => {
    writeFileSync(join(here.root, name), text, 'latin1')
    utimesSync(join(here.root, name), 1_700_000_000, 1_700_000_000)
  }
  put('app.js', TEXT)
  put('app.js.br', BR)
  put('app.js.gz', GZ)
  return here
}

const fieldOf = (head: string, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\r?$`, 'im').exec(head)?.[1]

test('a client gets a file in the best coding that it takes and that lies there', async (t) => {
  const here = await withSiblings(t)
  const cases: [asked: string, coding: string | undefined, body: string][] = [
    ['gzip, deflate, br', 'br', BR],
    ['br;q=0.5, gzip', 'gzip', GZ],
    ['gzip', 'gzip', GZ],
    ['x-gzip', 'gzip', GZ],
    ['*', 'br', BR],
    ['*, br;q=0', 'gzip', GZ],
    ['br;q=0, gzip;q=0', undefined, TEXT],
    ['identity', undefined, TEXT],
    ['deflate, zstd', undefined, TEXT],
    ['br;q=nan', undefined, TEXT],
    ['', undefined, TEXT]
  ]
  const tags = new Set<string | undefined>()
  for (const [asked, coding, body] of cases) {
    const got = await raw(t, here, '/app.js', `Accept-Encoding: ${asked}\r\n`)
    assert.deepEqual([got.status, got.body], [200, body], asked)
    assert.equal(fieldOf(got.head, 'content-encoding'), coding)
    assert.equal(fieldOf(got.head, 'content-length'), String(body.length))
    assert.match(fieldOf(got.head, 'content-type')!, /javascript/)
    assert.equal(fieldOf(got.head, 'vary'), 'Accept-Encoding')
    tags.add(fieldOf(got.head, 'etag'))
  }
  assert.equal(tags.size, 3)
  assert.equal((await raw(t, here, '/app.js')).body, TEXT)
})

test('conditions and ranges are about the file in its coding', async (t) => {
  const here = await withSiblings(t)
  const br = 'Accept-Encoding: br\r\n'
  const etag = fieldOf((await raw(t, here, '/app.js', br)).head, 'etag')!
  const fresh = await raw(t, here, '/app.js', `${br}If-None-Match: ${etag}\r\n`)
  assert.deepEqual([fresh.status, fieldOf(fresh.head, 'vary')], [304, 'Accept-Encoding'])
  assert.equal((await raw(t, here, '/app.js', `If-None-Match: ${etag}\r\n`)).status, 200)
  const part = await raw(t, here, '/app.js', `${br}Range: bytes=2-5\r\nIf-Range: ${etag}\r\n`)
  assert.deepEqual([part.status, part.body], [206, BR.slice(2, 6)])
  assert.equal(fieldOf(part.head, 'content-range'), `bytes 2-5/${BR.length}`)
  assert.equal(fieldOf(part.head, 'content-encoding'), 'br')
  assert.equal((await raw(t, here, '/app.js', `${br}Range: bytes=${BR.length}-\r\n`)).status, 416)
})

test('one that is older than its file, or gone, is not served, and none without its file', async (t) => {
  const here = await withSiblings(t)
  const ask = { br: 'Accept-Encoding: br\r\n', both: 'Accept-Encoding: br, gzip\r\n' }
  utimesSync(join(here.root, 'app.js.br'), 1_600_000_000, 1_600_000_000)
  assert.equal((await raw(t, here, '/app.js', ask.br)).body, TEXT)
  assert.equal((await raw(t, here, '/app.js', ask.both)).body, GZ)
  rmSync(join(here.root, 'app.js.gz'))
  assert.equal((await raw(t, here, '/app.js', ask.both)).body, TEXT)
  rmSync(join(here.root, 'app.js'))
  assert.equal((await raw(t, here, '/app.js', ask.both)).body, 'the-app')
})

test('without the option a file is what it is', async (t) => {
  const here = await site(t)
  writeFileSync(join(here.root, 'hello.txt.br'), 'br')
  const got = await raw(t, here, '/hello.txt', 'Accept-Encoding: br\r\n')
  assert.deepEqual([got.body, fieldOf(got.head, 'vary')], ['hello\n', undefined])
})

test('a weight is read as RFC 9110 has it', () => {
  assert.equal(weightOf('gzip ; q=0.25', 'gzip'), 0.25)
  assert.equal(weightOf('GZIP', 'gzip'), 1)
  assert.equal(weightOf('br, *;q=0.1', 'gzip'), 0.1)
  assert.equal(weightOf('gzip;q=2', 'gzip'), 0)
})
