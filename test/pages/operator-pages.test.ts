import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { type AnsweringServer, answering, MAINTENANCE, UNREACHABLE } from './server.ts'

function folder(t: Cleanup, files: Record<string, string | Buffer>): string {
  const dir = tempDir(t)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return dir
}

async function text(server: AnsweringServer, headers: Record<string, string> = {}): Promise<string> {
  return (await server.get(headers)).text
}

test('50x.html is the body of an automatic error, byte for byte, whatever the client accepts', async (t) => {
  const page = Buffer.from('<html><script>let a = "inline"</script>\r\n caf\xe9 \x00\xff</html>', 'latin1')
  const server = await answering(t, UNREACHABLE, { pagesDir: folder(t, { '50x.html': page }) })
  for (const accept of ['*/*', 'application/json', 'text/plain', 'image/png']) {
    const { status, headers, body } = await server.get({ accept, 'sec-fetch-dest': 'empty' })
    assert.equal(status, 502)
    assert.deepEqual(body, page)
    assert.equal(headers['content-type'], 'text/html')
    assert.equal(headers['content-security-policy'], undefined)
    assert.equal(headers['cache-control'], 'no-store')
  }
  assert.deepEqual((await server.get({}, { method: 'POST', body: 'x' })).body, page)
})

test('a page in UTF-8 is labelled so, and is compressed', async (t) => {
  const page = `<p>“closed” ${'again '.repeat(100)}</p>`
  const server = await answering(t, UNREACHABLE, { pagesDir: folder(t, { '502.html': page }) })
  const { headers, body } = await server.get({ 'accept-encoding': 'gzip' })
  assert.equal(headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(gunzipSync(body).toString(), page)
})

test('maintenance negotiates, with the operator’s page for those who want HTML', async (t) => {
  const server = await answering(t, MAINTENANCE, { pagesDir: folder(t, { '50x.html': 'own' }) })
  assert.equal(await text(server), 'own')
  assert.match(await text(server, { accept: 'application/json' }), /^\{"type"/)
  assert.match(await text(server, { accept: 'text/plain' }), /^503 Service Unavailable/)
})

test('the page for exactly this is taken before the one for its kind', async (t) => {
  const files = {
    '50x.html': '50x',
    '502.html': '502',
    '503.html': '503',
    'maintenance.html': 'm',
    '40x.html': '40x'
  }
  const server = await answering(t, UNREACHABLE, { pagesDir: folder(t, files) })
  const says = async (status: number, reason: string | null): Promise<string> => {
    server.problem = { status, reason }
    return text(server)
  }
  assert.equal(await says(502, 'upstream-unreachable'), '502')
  assert.equal(await says(502, 'intercepted'), '502')
  assert.equal(await says(504, 'upstream-timeout'), '50x')
  assert.equal(await says(500, null), '50x')
  assert.equal(await says(503, 'maintenance'), 'm')
  assert.equal(await says(503, 'starting'), '503')
  assert.equal(await says(404, 'intercepted'), '40x')
  assert.match(await says(400, null), /<h1>400 Bad Request/)
  assert.match(await says(520, 'intercepted'), /<h1>520 Error/)
})

test('without a file there is a bare page, but maintenance still shows its message', async (t) => {
  const server = await answering(t, UNREACHABLE, {
    pagesDir: folder(t, { 'other.html': 'x', '502.html.bak': 'x' })
  })
  const bare = await server.get()
  assert.match(bare.text, /<h1>502 Bad Gateway<\/h1>/)
  assert.ok(bare.body.length < 300)
  server.problem = { ...MAINTENANCE, message: 'Back at nine' }
  assert.match(await text(server), /Back at nine/)
})

test('languages are looked for before the page without one, name by name', async (t) => {
  const pagesDir = folder(t, {
    '502.html': '<html lang="en">502 en',
    '502.fr.html': '502 fr',
    '50x.de.html': '50x de',
    '50x.html': '50x',
    '503.pt-BR.html': '503 pt-BR'
  })
  const server = await answering(t, UNREACHABLE, { pagesDir })
  const says = (language: string): Promise<string> => text(server, { 'accept-language': language })
  assert.equal(await says('fr'), '502 fr')
  assert.equal(await says('fr-CA, en;q=0.5'), '502 fr')
  assert.equal(await says('de'), '<html lang="en">502 en')
  assert.equal(await says('en-GB, fr;q=0.5'), '<html lang="en">502 en')
  assert.equal(await says('es, fr;q=0.1'), '502 fr')
  assert.equal(await says('*, fr;q=0'), '<html lang="en">502 en')
  assert.equal((await server.get({ 'accept-language': 'fr' })).headers['content-language'], 'fr')
  server.problem = { status: 504, reason: 'upstream-timeout' }
  assert.equal(await says('de-AT'), '50x de')
  assert.equal(await says('fr'), '50x')
  server.problem = { status: 503, reason: 'starting' }
  assert.equal(await says('pt'), '503 pt-BR')
  assert.equal(await says('fr'), '50x')
})

test('placeholders are filled and escaped; unknown ones stay and are told of once', async (t) => {
  const page =
    '{{status}}|{{ title }}|{{message}}|{{reason}}|{{until}}|{{retryAfterSeconds}}|{{requestId}}|{{site}}|{{name}}'
  const server = await answering(t, UNREACHABLE, { pagesDir: folder(t, { '50x.html': page }) })
  assert.equal(await text(server), '502|Bad Gateway||upstream-unreachable||||' + '|{{name}}')
  const until = '2030-01-01T00:00:00.000Z'
  server.problem = {
    ...MAINTENANCE,
    message: '<é>',
    until,
    retryAfterSeconds: 9,
    requestId: 'r"1',
    site: 'shop'
  }
  const { headers, text: filled, body } = await server.get({ 'accept-encoding': 'br' })
  assert.equal(filled, `503|Service Unavailable|&lt;é&gt;|maintenance|${until}|9|r&quot;1|shop|{{name}}`)
  assert.equal(headers['content-encoding'], undefined)
  assert.equal(headers['content-length'], String(body.length))
  assert.deepEqual(
    server.warnings.map(({ text }) => text),
    ['page has an unknown placeholder, left as it is']
  )
})

test('a page that names the state alone is compressed, and follows it', async (t) => {
  const server = await answering(t, MAINTENANCE, {
    pagesDir: folder(t, { 'maintenance.html': `${'x'.repeat(500)}{{message}}` })
  })
  for (const message of ['one', 'two', 'two']) {
    server.problem = { ...MAINTENANCE, message, requestId: Math.random().toString() }
    const { headers, body } = await server.get({ 'accept-encoding': 'gzip' })
    assert.equal(headers['content-encoding'], 'gzip')
    assert.ok(gunzipSync(body).toString().endsWith(message))
  }
})

test('a folder where a page should be is told of and ignored', async (t) => {
  const pagesDir = folder(t, { '50x.html': '50x' })
  mkdirSync(join(pagesDir, '502.html'))
  const server = await answering(t, UNREACHABLE, { pagesDir })
  assert.equal(await text(server), '50x')
  assert.equal(server.warnings.length, 1)
  assert.match(JSON.stringify(server.warnings[0]), /502\.html.*(regular file|EISDIR)/)
})
