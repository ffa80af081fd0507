import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import test from 'node:test'
import fc from 'fast-check'
import { chooseCoding, chooseForm, languageRanges, remember } from '../../src/pages/negotiate.ts'

function form(headers: Record<string, string>): string {
  return chooseForm({ headers, rawHeaders: Object.entries(headers).flat() } as unknown as IncomingMessage)
}

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'
const FORMS: readonly [want: string, headers: Record<string, string>][] = [
  ['html', {}],
  ['html', { accept: '*/*' }],
  ['html', { accept: BROWSER }],
  ['html', { accept: BROWSER, 'sec-fetch-dest': 'document' }],
  ['html', { accept: BROWSER, 'content-type': 'application/x-www-form-urlencoded' }],
  ['html', { accept: 'text/html', 'sec-fetch-dest': 'empty' }],
  ['html', { accept: 'text/html, application/json;q=0.5' }],
  ['html', { accept: 'image/gif, image/jpeg, */*' }],
  ['html', { accept: '*/*;q=nan' }],
  ['html', { accept: ',;,' }],
  ['html', { accept: 'TEXT/HTML' }],
  ['json', { accept: 'application/json' }],
  ['json', { accept: 'application/problem+json' }],
  ['json', { accept: 'application/vnd.api+json' }],
  ['json', { accept: 'application/*' }],
  ['json', { accept: 'application/json, text/plain, */*' }],
  ['json', { accept: 'application/json, text/html;q=0.9' }],
  ['json', { accept: '*/*', 'sec-fetch-dest': 'empty' }],
  ['json', { 'content-type': 'application/json' }],
  ['json', { accept: '*/*', 'content-type': 'application/ld+json; charset=utf-8' }],
  ['json', { accept: 'text/html;q=0, */*', 'content-type': 'application/json' }],
  ['text', { accept: 'text/plain' }],
  ['text', { accept: 'text/plain, */*;q=0.1' }],
  ['text', { accept: 'image/png' }],
  ['text', { accept: 'application/xml' }],
  ['text', { accept: 'text/html;q=0' }],
  ['text', { accept: 'image/avif,image/webp,*/*;q=0.8', 'sec-fetch-dest': 'image' }],
  ['text', { accept: '*/*', 'sec-fetch-dest': 'script' }]
]
for (const [want, headers] of FORMS) {
  test(`${JSON.stringify(headers)} is answered with ${want}`, () => {
    assert.equal(form(headers), want)
  })
}

test('a JSON body counts even when its type was hidden from a framework', () => {
  const request = {
    headers: { 'content-type': 'application/octet-stream' },
    rawHeaders: ['Content-Type', 'application/json']
  }
  assert.equal(chooseForm(request as unknown as IncomingMessage), 'json')
})

test('the coding is the best that the client takes', () => {
  for (const [header, want] of [
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip', 'gzip'],
    ['br', 'br'],
    ['gzip, deflate, br, zstd', 'br'],
    ['br;q=0.5, gzip', 'gzip'],
    ['br;q=0, gzip;q=0', 'identity'],
    ['*', 'br'],
    ['*;q=0', 'identity'],
    ['br;q=0, *', 'gzip'],
    ['gzip;q=0.2, identity;q=0.9', 'identity'],
    ['deflate', 'identity'],
    ['gzip;q=2', 'identity']
  ] as const) {
    assert.equal(chooseCoding(header), want, String(header))
  }
})

test('languages come best first, each before its shorter form', () => {
  assert.deepEqual(languageRanges('fr-CA, en;q=0.8, *;q=0.1, de;q=0'), ['fr-ca', 'fr', 'en'])
  assert.deepEqual(languageRanges('en;q=0.5, pt-BR'), ['pt-br', 'pt', 'en'])
  assert.deepEqual(languageRanges(''), [])
})

test('no header makes a choice fail', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 3000 }), (text) => {
      assert.ok(['html', 'json', 'text'].includes(form({ accept: text, 'sec-fetch-dest': text })))
      assert.ok(['br', 'gzip', 'identity'].includes(chooseCoding(text)))
      assert.ok(languageRanges(text).length <= 1000)
    })
  )
})

test('what is remembered is bounded in number and in length', () => {
  let computed = 0
  const lengths = remember((key) => {
    computed++
    return key.length
  }, 4)
  for (const key of ['a', 'a', 'a']) lengths(key, '')
  assert.equal(computed, 1)
  for (let index = 0; index < 10; index++) lengths(String(index), '')
  lengths('a', '')
  assert.equal(computed, 12)
  const long = 'x'.repeat(257)
  assert.equal(lengths(long, ''), lengths(long, ''))
  assert.equal(computed, 14)
})
