import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { brotliDecompressSync } from 'node:zlib'
import { publicDir } from '../../src/package-root.ts'
import { contrast } from '../../src/pages/color.ts'
import { samplePages } from '../../src/pages/samples.ts'
import { parseWords, WORD_KEYS, wordsLanguage } from '../../src/pages/words.ts'
import { answering, UNREACHABLE } from './server.ts'

const LANGUAGES = ['ar', 'de', 'en', 'es', 'fr', 'ja']
const SAMPLES = samplePages(Date.now())
const FIRST_ROUND_TRIP_BYTES = 14 * 1024

test('there are words for everything in every language', () => {
  const folder = join(publicDir, 'pages')
  const files = readdirSync(folder).filter((file) => wordsLanguage(file) !== undefined)
  assert.deepEqual(files.map(wordsLanguage).sort(), LANGUAGES)
  for (const file of files) {
    const { words, problems } = parseWords(readFileSync(join(folder, file), 'latin1'))
    assert.deepEqual(problems, [], file)
    assert.deepEqual(Object.keys(words).sort(), [...WORD_KEYS].sort(), file)
    for (const [key, text] of Object.entries(words)) {
      assert.match(text, /^\S(.*\S)?$/, `${file}: ${key}`)
      assert.doesNotMatch(text.replaceAll('{{name}}', ''), /[{}<>]/, `${file}: ${key}`)
    }
  }
})

test('every page in every language fits the first round trip, asks nobody for anything and is whole', async (t) => {
  const server = await answering(t, UNREACHABLE)
  assert.deepEqual([...server.answers.languages].sort(), LANGUAGES)
  let largest = 0
  for (const { name, method, problem } of SAMPLES) {
    server.problem = problem
    for (const language of LANGUAGES) {
      const which = `${name} ${language}`
      const asked = { accept: 'text/html', 'accept-language': language }
      const { headers, text } = await server.get(asked, { method })
      const packed = await server.get({ ...asked, 'accept-encoding': 'br' }, { method })
      assert.equal(packed.headers['content-encoding'], 'br')
      assert.equal(brotliDecompressSync(packed.body).toString(), text)
      largest = Math.max(largest, packed.body.length)
      assert.equal(headers['content-language'], language)
      assert.match(text, new RegExp(`<html lang="${language}" dir="${language === 'ar' ? 'rtl' : 'ltr'}">`))
      assert.match(text, /<meta name="robots" content="noindex">/)
      assert.match(text, /<h1>[^<{]{4,}<\/h1>/, which)
      assert.doesNotMatch(text.replace(/<script>[\s\S]*<\/script>/, ''), /\{\{|undefined|null|<!--/, which)
      assert.doesNotMatch(
        text.replace("xmlns='http://www.w3.org/2000/svg'", ''),
        /https?:|src=(?!"data:)|url\(|@import/,
        which
      )
    }
  }
  t.diagnostic(`the largest has ${largest} bytes in br`)
  assert.ok(largest < FIRST_ROUND_TRIP_BYTES)
})

test('the policy allows exactly the style and the script of the page, and to ask for the status where it waits', async (t) => {
  const server = await answering(t, UNREACHABLE)
  for (const { name, method, problem } of SAMPLES) {
    server.problem = problem
    const { headers, text } = await server.get({ accept: 'text/html' }, { method })
    const hash = (tag: string): string => {
      const all = [...text.matchAll(new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`, 'g'))]
      assert.equal(all.length, 1, `${name} ${tag}`)
      return createHash('sha256').update(all[0]![1]!).digest('base64')
    }
    const watches = problem.status > 500
    assert.equal(
      headers['content-security-policy'],
      `default-src 'none'; style-src 'sha256-${hash('style')}'; script-src 'sha256-${hash('script')}'; img-src data:; ` +
        `${watches ? "connect-src 'self'; " : ''}base-uri 'none'; form-action 'none'`,
      name
    )
    assert.doesNotMatch(text, /\son\w+=|\sstyle=/, name)
  }
})

test('a page loads itself again without scripts only when it was merely asked for', async (t) => {
  const server = await answering(t, UNREACHABLE)
  for (const { name, method, problem } of SAMPLES) {
    server.problem = problem
    const { text } = await server.get({ accept: 'text/html' }, { method })
    const refreshes = text.match(/<meta http-equiv="refresh"/g) ?? []
    const wanted = method === 'GET' && problem.status > 500 ? 1 : 0
    assert.equal(refreshes.length, wanted, name)
    if (wanted === 1) assert.match(text, /<noscript><meta http-equiv="refresh" content="30"><\/noscript>/)
  }
})

test('a form that did not arrive and one that may have are told apart', async (t) => {
  const server = await answering(t, UNREACHABLE)
  assert.match((await server.get({}, { method: 'POST' })).text, /Your form was not sent/)
  server.problem = { ...UNREACHABLE, mayHaveArrived: true }
  assert.match((await server.get({}, { method: 'POST' })).text, /do not know whether your form has arrived/)
  assert.doesNotMatch((await server.get()).text, /Your form|your form/)
})

test('the time is in words for those without scripts, in the language of the page', async (t) => {
  const server = await answering(t, { status: 503, reason: 'maintenance', until: '2030-01-31T09:05:00.000Z' })
  const text = async (language: string): Promise<string> =>
    /<time datetime="2030-01-31T09:05:00.000Z">([^<]*)</.exec(
      (await server.get({ 'accept-language': language })).text
    )?.[1] ?? ''
  assert.match(await text('en'), /January 31.*9:05.*UTC/)
  assert.match(await text('de'), /31\. Januar.*09:05.*UTC/)
  assert.match(await text('ja'), /1月31日.*9:05.*UTC/)
  server.problem = { status: 503, reason: 'maintenance', until: 'soon' }
  assert.equal((await server.get()).status, 503)
})

test('a page without a status endpoint to ask does not promise to return', async (t) => {
  const server = await answering(t, UNREACHABLE, { returns: () => false })
  const { text, headers } = await server.get()
  assert.doesNotMatch(text, /taken back|refresh/)
  assert.doesNotMatch(String(headers['content-security-policy']), /connect-src/)
  assert.match(text, /Try again now/)
})

test('the default colour and the colours of the style can be read', () => {
  const css = readFileSync(join(publicDir, 'pages/page.css'), 'utf8')
  const [light, dark] = [...css.matchAll(/--back: (#\w+);[\s\S]*?--warn: (#\w+);/g)].map(([block]) =>
    Object.fromEntries([...block.matchAll(/--(\w+): (#\w+);/g)].map(([, name, color]) => [name!, color!]))
  )
  for (const scheme of [light!, dark!]) {
    for (const ground of [scheme.back!, scheme.panel!]) {
      for (const ink of [scheme.ink!, scheme.soft!])
        assert.ok(contrast(ink, ground) >= 4.5, `${ink} on ${ground}`)
      assert.ok(contrast(scheme.warn!, ground) >= 3)
    }
  }
})
