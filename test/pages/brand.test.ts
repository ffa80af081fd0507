import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { BrandOptions } from '../../src/brand.ts'
import { createAnswers } from '../../src/pages/answers.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { answering, UNREACHABLE } from './server.ts'

const LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'

test('the name stands in the head, the title and the texts, escaped', async (t) => {
  const server = await answering(t, UNREACHABLE, { brand: { name: 'Tom & <Jerry>' } })
  const { text } = await server.get()
  assert.match(text, /<header>Tom &amp; &lt;Jerry&gt;<\/header>/)
  assert.match(text, /<title>[^<]* · Tom &amp; &lt;Jerry&gt;<\/title>/)
  assert.match(text, /<h1>We cannot reach Tom &amp; &lt;Jerry&gt; right now<\/h1>/)
  assert.match(
    (await server.get({ 'accept-language': 'de' })).text,
    /Wir können Tom &amp; &lt;Jerry&gt; gerade/
  )
})

test('the colour comes in two shades, one for each ground', async (t) => {
  const server = await answering(t, UNREACHABLE, { brand: { color: '#FFD400' } })
  const [, light, dark] = /--accent:(#\w{6})\}.*dark.*--accent:(#\w{6})/.exec((await server.get()).text) ?? []
  assert.notEqual(light, '#ffd400')
  assert.equal(dark, '#ffd400')
})

test('a small logo is put into the page, and its name is the text for those who do not see it', async (t) => {
  const file = join(tempDir(t), 'logo.svg')
  writeFileSync(file, LOGO)
  const server = await answering(t, UNREACHABLE, { brand: { logo: file, name: 'The Shop' } })
  const { text, headers } = await server.get()
  const base64 = /<img src="data:image\/svg\+xml;base64,([^"]+)" alt="The Shop">/.exec(text)?.[1] ?? ''
  assert.equal(Buffer.from(base64, 'base64').toString(), LOGO)
  assert.match(String(headers['content-security-policy']), /img-src data:;/)
  const given = 'data:image/png;base64,iVBORw0KGgo='
  const other = await answering(t, UNREACHABLE, { brand: { logo: given } })
  assert.ok((await other.get()).text.includes(`<img src="${given}" alt="">`))
})

test('a logo beside the pages is served from there', async (t) => {
  const pagesDir = tempDir(t)
  writeFileSync(join(pagesDir, 'my logo.svg'), LOGO + ' '.repeat(20_000))
  writeFileSync(join(pagesDir, 'words.en.json'), '{"support": "Help"}')
  const server = await answering(t, UNREACHABLE, { pagesDir, brand: { logo: join(pagesDir, 'my logo.svg') } })
  const { text, headers } = await server.get()
  assert.match(text, /<img src="\/\.intermission\/assets\/my%20logo\.svg"/)
  assert.match(String(headers['content-security-policy']), /img-src 'self' data:;/)
})

test('the link to help is one that a visitor may safely follow', async (t) => {
  for (const supportUrl of [
    'https://help.example/?a=1&b=2',
    'mailto:help@shop.example',
    'tel:+3312345',
    '/help'
  ]) {
    const server = await answering(t, UNREACHABLE, { brand: { supportUrl } })
    assert.ok((await server.get()).text.includes(`<a href="${supportUrl.replace('&', '&amp;')}"`), supportUrl)
  }
})

test('what cannot be used is refused by name', (t) => {
  const dir = tempDir(t)
  writeFileSync(join(dir, 'large.png'), Buffer.alloc(9000, 1))
  writeFileSync(join(dir, 'page.exe'), 'x')
  const wrong: [BrandOptions, RegExp][] = [
    [{ color: 'red' }, /^brandColor: "red" is not allowed; expected a colour such as "#06c"/],
    [{ color: '#12345' }, /^brandColor: /],
    [{ name: '' }, /^brandName: /],
    [{ name: 'two\nlines' }, /^brandName: /],
    [{ supportUrl: 'javascript:alert(1)' }, /^supportUrl: .*; expected a link that starts with/],
    [{ supportUrl: '//evil.example' }, /^supportUrl: /],
    [{ supportUrl: 'https://a b' }, /^supportUrl: /],
    [{ logo: join(dir, 'missing.svg') }, /^brandLogo: .*missing\.svg.*ENOENT/],
    [{ logo: join(dir, 'large.png') }, /^brandLogo: .*8192 bytes/],
    [{ logo: join(dir, 'page.exe') }, /^brandLogo: /],
    [{ logo: 'data:text/html,<b>' }, /^brandLogo: /],
    [{ logo: 'https://cdn.example/logo.svg' }, /^brandLogo: /]
  ]
  for (const [brand, message] of wrong)
    assert.throws(() => createAnswers({ brand }), { message }, JSON.stringify(brand))
})
