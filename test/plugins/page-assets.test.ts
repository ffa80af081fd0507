import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { gunzipSync } from 'node:zlib'
import Fastify from 'fastify'
import errorPages from '../../plugins/error-pages.ts'
import maintenance from '../../plugins/maintenance.ts'
import { keepRawTarget } from '../../src/raw-target.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { fetchWhole, type Received } from '../pages/server.ts'

interface Site {
  dir: string
  get(path: string, more?: Parameters<typeof fetchWhole>[2]): Promise<Received>
}

/** A site in maintenance whose app would answer "the app" to everything, behind raw targets or a router. */
async function site(t: Cleanup, files: Record<string, string | Buffer>, raw = true): Promise<Site> {
  const dir = tempDir(t)
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content)
  const app = Fastify(raw ? { rewriteUrl: keepRawTarget } : {})
  await app.register(errorPages, { dir })
  await app.register(maintenance)
  app.all('/', () => 'the app')
  await app.listen({ port: 0 })
  t.after(() => app.close())
  await app.maintenance.enter()
  const { port } = app.server.address() as AddressInfo
  return { dir, get: (path, more) => fetchWhole(port, `/.intermission/assets/${path}`, more) }
}

test('files beside the pages are served in maintenance, with their types and no more than that', async (t) => {
  for (const raw of [true, false]) {
    const { get } = await site(
      t,
      { 'logo.svg': '<svg/>', 'style.css': 'p {}', 'f.woff2': 'font', '50x.html': 'page' },
      raw
    )
    const { status, headers, text } = await get('logo.svg?v=2')
    assert.deepEqual([status, text, headers['content-type']], [200, '<svg/>', 'image/svg+xml'])
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['cache-control'], 'no-cache')
    assert.equal(headers['intermission-reason'], undefined)
    assert.equal((await get('style.css')).headers['content-type'], 'text/css; charset=utf-8')
    assert.equal((await get('f.woff2')).headers['content-type'], 'font/woff2')
  }
})

test('a copy that a client has already is not sent again', async (t) => {
  const { get, dir } = await site(t, { 'logo.svg': '<svg/>' })
  const etag = String((await get('logo.svg')).headers.etag)
  const again = await get('logo.svg', { headers: { 'if-none-match': `W/"x", ${etag}` } })
  assert.deepEqual([again.status, again.body.length, again.headers.etag], [304, 0, etag])
  writeFileSync(join(dir, 'logo.svg'), '<svg />')
  const changed = await get('logo.svg', { headers: { 'if-none-match': etag } })
  assert.deepEqual([changed.status, changed.text], [200, '<svg />'])
})

test('text is compressed, an image goes out as it is, HEAD has no body', async (t) => {
  const style = 'p { color: red }\n'.repeat(200)
  const { get } = await site(t, { 'style.css': style, 'a.png': Buffer.alloc(5000) })
  const packed = await get('style.css', { headers: { 'accept-encoding': 'gzip' } })
  assert.equal(packed.headers['content-encoding'], 'gzip')
  assert.equal(gunzipSync(packed.body).toString(), style)
  const image = await get('a.png', { headers: { 'accept-encoding': 'gzip' } })
  assert.deepEqual([image.headers['content-encoding'], image.body.length], [undefined, 5000])
  const head = await get('style.css', { method: 'HEAD' })
  assert.deepEqual(
    [head.status, head.body.length, head.headers['content-length']],
    [200, 0, String(style.length)]
  )
})

test('nothing but those files can be had, by whatever path', async (t) => {
  const { get, dir } = await site(t, {
    '50x.html': 'page',
    'page.html': 'x',
    'page.css': 'x',
    'page.js': 'x',
    'words.en.json': '{"support": "x"}',
    '.env': 'secret',
    '.hidden.css': 'secret',
    'notes.txt': 'secret',
    'logo.svg~': 'old',
    'deploy.sh': 'secret',
    'logo.svg': '<svg/>'
  })
  writeFileSync(join(dir, '..', 'outside.css'), 'secret')
  t.after(() => unlinkSync(join(dir, '..', 'outside.css')))
  mkdirSync(join(dir, 'sub'))
  writeFileSync(join(dir, 'sub', 'in.css'), 'secret')
  const paths = [
    '',
    '.',
    '50x.html',
    'page.html',
    'page.css',
    'page.js',
    'words.en.json',
    '.env',
    '.hidden.css',
    'notes.txt',
    'logo.svg~',
    'deploy.sh',
    '../outside.css',
    '..%2foutside.css',
    '%2e%2e/outside.css',
    '..\\outside.css',
    'sub/in.css',
    'sub%2fin.css',
    'logo.svg/',
    './logo.svg',
    'logo.svg%00',
    '%zz',
    '%c0%ae',
    'constructor',
    '__proto__'
  ]
  for (const path of paths) {
    const { status, text } = await get(path)
    assert.equal(status, 404, path)
    assert.match(text, /404 Not Found/)
    assert.doesNotMatch(text, /secret/)
  }
})

test('only GET and HEAD', async (t) => {
  const { get } = await site(t, { 'logo.svg': '<svg/>' })
  for (const method of ['POST', 'DELETE', 'OPTIONS']) {
    const { status, headers } = await get('logo.svg', { method })
    assert.deepEqual([method, status, headers.allow], [method, 405, 'GET, HEAD'])
  }
})

test('a file that comes or goes is seen, one that is too large or empty is told of and left out', async (t) => {
  const { get, dir } = await site(t, { 'logo.svg': '<svg/>' })
  writeFileSync(join(dir, 'new.css'), 'p {}')
  assert.equal((await get('new.css')).status, 200)
  unlinkSync(join(dir, 'new.css'))
  assert.equal((await get('new.css')).status, 404)
  writeFileSync(join(dir, 'large.png'), Buffer.alloc(4 * 1024 * 1024 + 1, 1))
  writeFileSync(join(dir, 'empty.png'), '')
  symlinkSync('/nowhere', join(dir, 'broken.png'))
  for (const name of ['large.png', 'empty.png', 'broken.png'])
    assert.equal((await get(name)).status, 404, name)
})
