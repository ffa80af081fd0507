import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { examinePages } from '../../src/pages/examine.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'

/** What is found in a folder with these files: broken things with an exclamation mark. */
function found(t: Cleanup, files: Record<string, string>): string[] {
  const dir = tempDir(t)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text)
  return examinePages(dir).map(({ file, text, isBroken }) => `${isBroken ? '! ' : ''}${file}: ${text}`)
}

const FINE =
  '<html lang="en"><style>p { background: url(data:,) }</style><img src="/.intermission/assets/a.svg"><a href="https://x.example">x</a></html>'

test('nothing is found where nothing is wrong', (t) => {
  assert.deepEqual(found(t, { '50x.html': FINE, 'a.svg': '<svg/>', '.git': 'x' }), [])
  assert.deepEqual(found(t, { 'words.en.json': '{"support": "Help!"}' }), [])
})

test('what visitors would see broken', (t) => {
  const files = {
    '50x.html': '{{mesage}}',
    '502.html': '<img src="/.intermission/assets/gone.svg?v=2">',
    '503.html': '',
    'page.html': '{{headline}}',
    'words.de.json': '{"x": "y"}',
    'words.fr.json': '{'
  }
  const lines = found(t, files)
  for (const line of [
    '! 50x.html: unknown placeholder {{mesage}}',
    '! 502.html: shows /.intermission/assets/gone.svg?v=2, which is not in the folder',
    '! 503.html: it is empty',
    '! page.html: unknown placeholder {{headline}}',
    '! words.de.json: unknown key x'
  ]) {
    assert.ok(lines.includes(line), `${line} in\n${lines.join('\n')}`)
  }
  assert.match(lines.join('\n'), /^! words\.fr\.json: is no JSON: /m)
  assert.equal(lines.length, 6)
})

test('requests to other hosts, and to paths that are closed as well', (t) => {
  const page = `<link rel="canonical" href="https://shop.example/">
    <link rel=stylesheet href=//cdn.example/a.css><script src='https://cdn.example/b.js'></script>
    <style>@import "https://cdn.example/c.css"; p { background: url('/static/d.png') }</style>
    <!-- <img src="https://cdn.example/none.png"> --><img src="{{logo}}"><img src="logo.png">`
  const lines = found(t, { '50x.html': page }).filter((line) => !line.startsWith('! '))
  assert.deepEqual(lines.map((line) => line.replace(/, which.*/, '')).sort(), [
    '50x.html: asks another host: //cdn.example/a.css',
    '50x.html: asks another host: https://cdn.example/b.js',
    '50x.html: asks another host: https://cdn.example/c.css',
    '50x.html: asks for /static/d.png',
    '50x.html: asks for logo.png'
  ])
})

test('a page too large for the first round trip, a status without a page, a file that is never served', (t) => {
  const noise = Array.from({ length: 30_000 }, (_, index) =>
    String.fromCharCode(33 + (((index * 7919) ^ (index >> 3)) % 90))
  ).join('')
  const lines = found(t, { '502.html': noise.replaceAll('<', 'x').replaceAll('{', 'y'), 'notes.txt': 'x' })
  assert.match(
    lines[0] ?? '',
    /^502\.html: has \d+ bytes when compressed; up to 14336 arrive in the first round trip$/
  )
  assert.deepEqual(lines.slice(1), [
    '504.html: is missing, and so is 50x.html: visitors get one bare line',
    'notes.txt: is neither a page nor a kind of file that is served'
  ])
})

test('a folder among the files is told of too', (t) => {
  const dir = tempDir(t)
  mkdirSync(join(dir, '50x.html'))
  mkdirSync(join(dir, 'images'))
  const files = examinePages(dir).map(({ file }) => file)
  assert.ok(files.includes('50x.html') && files.includes('images'))
})
