import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { publicDir } from '../../src/package-root.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { answering, MAINTENANCE, UNREACHABLE } from './server.ts'

function folder(t: Cleanup, files: Record<string, string>): string {
  const dir = tempDir(t)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return dir
}

test('an own template speaks for every situation and every language, and may hold anything', async (t) => {
  const html =
    '<html lang="{{lang}}"><h1>{{heading}}</h1>{{#maintenance}}<p>M</p>{{/maintenance}}{{message}} {{status}}<script src="https://cdn.example/x.js"></script>'
  const server = await answering(t, UNREACHABLE, { pagesDir: folder(t, { 'page.html': html }) })
  const down = await server.get({ 'accept-language': 'fr' })
  assert.match(down.text, /^<html lang="fr"><h1>Impossible de joindre ce site.*<\/h1> 502<script/)
  assert.equal(down.headers['content-security-policy'], undefined)
  assert.equal(down.headers['content-language'], 'fr')
  server.problem = { ...MAINTENANCE, message: 'Back at <nine>' }
  assert.match((await server.get()).text, /<h1>We will be back soon<\/h1><p>M<\/p>Back at &lt;nine&gt; 503/)
  assert.match((await server.get({ accept: 'application/json' })).text, /^\{"type"/)
})

test('an own style alone changes the look, and the built-in page and words stay', async (t) => {
  const server = await answering(t, UNREACHABLE, {
    pagesDir: folder(t, { 'page.css': '/* ours */ h1 { color: rebeccapurple }' })
  })
  const { text } = await server.get({ 'accept-language': 'de' })
  assert.match(text, /<style> h1 \{ color: rebeccapurple \}:root\{--accent:/)
  assert.match(text, /<h1>Wir können diese Website gerade nicht erreichen<\/h1>/)
})

test('own words replace ours one by one, and may bring a language of their own', async (t) => {
  const pagesDir = folder(t, {
    'words.en.json': '{"//": "ours", "unreachable.heading": "Oh dear, {{name}}!"}',
    'words.nl.json': '{"unreachable.heading": "Even geduld"}'
  })
  const server = await answering(t, UNREACHABLE, { pagesDir, brand: { name: 'Shop' } })
  const english = await server.get()
  assert.match(english.text, /<h1>Oh dear, Shop!<\/h1>/)
  assert.match(english.text, /The trouble is on our side/)
  assert.match(String(english.headers['content-security-policy']), /script-src 'sha256-/)
  const dutch = await server.get({ 'accept-language': 'nl-BE, de;q=0.5' })
  assert.match(
    dutch.text,
    /<html lang="nl" dir="ltr">[\s\S]*<h1>Even geduld<\/h1>[\s\S]*The trouble is on our side/
  )
  assert.ok(server.answers.languages.includes('nl'))
})

test('a page for exactly this comes before the template', async (t) => {
  const pagesDir = folder(t, {
    'page.html': 'template {{kind}}',
    '502.html': 'exactly',
    'read-only.html': 'ro'
  })
  const server = await answering(t, UNREACHABLE, { pagesDir })
  assert.equal((await server.get()).text, 'exactly')
  server.problem = { status: 503, reason: 'read-only' }
  assert.equal((await server.get()).text, 'ro')
  server.problem = { status: 504, reason: 'upstream-timeout' }
  assert.equal((await server.get()).text, 'template timeout')
})

test('edits of the template and of words show in the very next answer; a broken one keeps what was there', async (t) => {
  const pagesDir = folder(t, {
    'page.html': 'one {{heading}}',
    'words.en.json': '{"unreachable.heading": "A"}'
  })
  const server = await answering(t, UNREACHABLE, { pagesDir })
  assert.equal((await server.get()).text, 'one A')
  writeFileSync(join(pagesDir, 'page.html'), 'two {{heading}}')
  assert.equal((await server.get()).text, 'two A')
  writeFileSync(join(pagesDir, 'words.en.json'), '{"unreachable.heading": "B"}')
  assert.equal((await server.get()).text, 'two B')
  writeFileSync(join(pagesDir, 'words.en.json'), '{"unreachable.heading": "C"')
  assert.equal((await server.get()).text, 'two B')
  assert.match(JSON.stringify(server.warnings), /words\.en\.json.*is no JSON/)
})

test('slips in the template and in words are told of', async (t) => {
  const pagesDir = folder(t, {
    'page.html': '{{headline}} {{#message}}',
    'words.de.json': '{"unreachable.header": "x"}',
    'words.fr.json': '{"support": 3}'
  })
  const { warnings } = await answering(t, UNREACHABLE, { pagesDir })
  const told = warnings.map(({ fields }) => (fields as { problem: string }).problem)
  assert.deepEqual(told.sort(), [
    'support is no text',
    'unknown key unreachable.header',
    'unknown placeholder {{headline}}',
    '{{#message}} has no end'
  ])
})

test('a copy of the built-in parts is the built-in page', async (t) => {
  const parts = ['page.html', 'page.css', 'page.js', 'words.en.json', 'words.ar.json']
  const copies = Object.fromEntries(
    parts.map((name) => [name, readFileSync(join(publicDir, 'pages', name), 'utf8')])
  )
  const own = await answering(t, UNREACHABLE, { pagesDir: folder(t, copies) })
  const builtIn = await answering(t, UNREACHABLE)
  for (const language of ['en', 'ar', 'fr']) {
    const asked = { 'accept-language': language }
    assert.equal((await own.get(asked)).text, (await builtIn.get(asked)).text)
  }
  assert.deepEqual(own.warnings, [])
})

test('the reason is looked for first, then the family, the status and its class', async (t) => {
  const files = {
    'hold-full.html': 'full',
    'hold.html': 'hold',
    '503.html': '503',
    'upstream-timeout.html': 'slow',
    '50x.html': '50x',
    '421.html': 'host'
  }
  const server = await answering(t, UNREACHABLE, { pagesDir: folder(t, files) })
  const says = async (status: number, reason: string | null): Promise<string> => {
    server.problem = { status, reason }
    return (await server.get()).text
  }
  assert.equal(await says(503, 'hold-full'), 'full')
  assert.equal(await says(503, 'hold-timeout'), 'hold')
  assert.equal(await says(503, 'overloaded'), '503')
  assert.equal(await says(504, 'upstream-timeout'), 'slow')
  assert.equal(await says(502, 'upstream-unreachable'), '50x')
  assert.equal(await says(421, null), 'host')
  assert.match(await says(403, null), /<h1>403 Forbidden<\/h1>/)
})
