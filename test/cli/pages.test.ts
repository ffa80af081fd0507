import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { publicDir } from '../../src/package-root.ts'
import { intermission, startIntermission } from '../helpers/process.ts'
import { tempDir } from '../helpers/temp-dir.ts'

const FREE = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0']

test('pages init writes copies to edit, with which check and start are content', async (t) => {
  const dir = join(tempDir(t), 'new/pages')
  const { code, stdout, stderr } = await intermission(t, ['pages', 'init', dir])
  assert.equal(code, 0, stderr)
  const files = readdirSync(join(publicDir, 'pages'))
  assert.deepEqual(readdirSync(dir).sort(), files.sort())
  assert.deepEqual(stdout.trim().split('\n').sort(), files.map((file) => join(dir, file)).sort())
  assert.match(readFileSync(join(dir, 'page.html'), 'utf8'), /<!--/)
  const check = await intermission(t, ['check', '--pages', dir, ...FREE, '--state-dir', tempDir(t)])
  assert.deepEqual([check.code, check.stderr], [0, 'the configuration is good\n'])
})

test('pages init overwrites nothing', async (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'page.css'), 'mine')
  const { code, stderr } = await intermission(t, ['pages', 'init', dir])
  assert.equal(code, 2)
  assert.match(stderr, /page\.css, which would be overwritten/)
  assert.deepEqual(readdirSync(dir), ['page.css'])
  assert.equal(readFileSync(join(dir, 'page.css'), 'utf8'), 'mine')
})

test('pages preview shows every page in every language, and edits', async (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'words.nl.json'), '{"unreachable.heading": "Even geduld"}')
  writeFileSync(join(dir, 'a.svg'), '<svg/>')
  const preview = startIntermission(t, ['pages', 'preview', '--pages', dir, '--brand-name', 'The Shop'])
  const url = await preview.waitFor(/^intermission preview on (http:\/\/127\.0\.0\.1:\d+\/)$/m)
  const get = async (path: string): Promise<[number, string]> => {
    const answer = await fetch(url + path)
    return [answer.status, await answer.text()]
  }
  const [status, index] = await get('')
  assert.equal(status, 200)
  const languages = [...index.matchAll(/href="\/\?language=(\w+)"/g)].map(([, language]) => language!)
  assert.deepEqual(languages.sort(), ['ar', 'de', 'en', 'es', 'fr', 'ja', 'nl'])
  const links = [...index.matchAll(/<a href="\/en\/([\w-]+)"/g)].map(([, name]) => name!)
  assert.ok(links.length > 15)
  for (const name of links) {
    const [status, text] = await get(`de/${name}`)
    assert.ok(status >= 400, name)
    assert.match(text, /<html lang="de"/, name)
    assert.match(text, /The Shop/)
  }
  assert.match((await get('nl/unreachable'))[1], /Even geduld/)
  writeFileSync(join(dir, 'words.nl.json'), '{"unreachable.heading": "Momentje"}')
  // The file system tells of it in a moment, or a look at the folder a second later.
  const deadlineMs = performance.now() + 5000
  while (!(await get('nl/unreachable'))[1].includes('Momentje')) {
    assert.ok(performance.now() < deadlineMs, 'the edit did not show')
    await sleep(20)
  }
  assert.deepEqual(await get('.intermission/assets/a.svg'), [200, '<svg/>'])
  assert.match((await get('.intermission/status?path=/de/unreachable'))[1], /^\{"state":"down"/)
  assert.equal((await get('nothing'))[0], 404)
  assert.deepEqual(await preview.stop(), { code: 0, signal: null })
})

test('pages preview refuses what start would refuse', async (t) => {
  for (const [args, told] of [
    [['--pages', '/nowhere'], /pages: .*a readable directory/],
    [['--brand-color', 'red'], /--brand-color: "red" is not allowed; expected a colour such/],
    [['--brand-logo', 'nothing.svg'], /brandLogo: .*nothing\.svg/],
    [['--site', 'other'], /site: "other" is not allowed; expected one of default/],
    [['--port', 'x'], /port: "x" is not allowed/]
  ] as const) {
    const { code, stderr } = await intermission(t, ['pages', 'preview', ...args])
    assert.equal(code, 2, stderr)
    assert.match(stderr, told)
  }
})

test('check tells what is wrong with the pages, and what may not be meant', async (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, '50x.html'), '{{mesage}} <img src="https://cdn.example/x.png">')
  const args = ['check', '--pages', dir, ...FREE, '--state-dir', tempDir(t)]
  const { code, stderr } = await intermission(t, args)
  assert.equal(code, 2)
  assert.match(stderr, /^pages: .*\/50x\.html: unknown placeholder \{\{mesage\}\}$/m)
  assert.match(stderr, /^pages: .*\/50x\.html: asks another host: https:\/\/cdn\.example\/x\.png$/m)
})
