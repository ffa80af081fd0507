import assert from 'node:assert/strict'
import { posix } from 'node:path'
import test from 'node:test'
import fc from 'fast-check'
import { createClosingPaths, createOpeningPaths } from '../../src/gate/path-rules.ts'
import { isPathRule } from '../../src/path-rule.ts'
import { normalisePath } from '../../src/upstream/request-target.ts'
import { sized } from '../helpers/scale.ts'

// One per word.
const words = (text: string): string[] => text.trim().split(/\s+/)

test('what opens is exact, or below a prefix, whatever the query', () => {
  const isOpen = createOpeningPaths(['/healthz', '/static/*', '/'])
  const open = words(`
    / /?x /healthz /healthz?x=/.. /static/ /static/a /static/a/b.css /static/a/
    /static/~user/a+b@c:d /static/!$&'()*,=`)
  for (const target of open) assert.ok(isOpen(target), target)
  const closed = words(String.raw`
    /healthz/ /HEALTHZ /Healthz /healthzz /healthz/../admin /healthz%2f.. /healthz;x /healthz%3fx /healthz#x
    /%68ealthz //healthz /./healthz /x/../healthz /healthz%00 /static /static/.. /static/../admin /static/..;/admin
    /static/%2e%2e/admin /static/. /static//a /static/a//b /static/..%2fadmin /static/\..\admin /static/..\admin
    /static/.../a /static/a. /static/a./b /healthz. /static/a;b /STATIC/a \healthz healthz http://h/healthz //h/healthz * ?`)
  for (const target of [...closed, '', '/static/a b', '/static/a\u00e9', '/static/a\nb', '/static/a/.\n'])
    assert.ok(!isOpen(target), target)
})

test('what closes holds for every way in which the app may read a path', () => {
  const isClosed = createClosingPaths(['/shop/*', '/Admin', '/caf\u00e9'])
  const closed = words(String.raw`
    /shop /shop/ /shop/a /shop?x /SHOP/a /sh%6fp/a /sh%256fp/a //shop/a /./shop /x/../shop/a /x/%2e%2e/shop
    /shop%2fa /shop;v=1/a /;v=1/shop \shop\a /x/..%5cshop /shop%3fx /shop%23x /shop%00.css /shop#x /x/..;/shop
    /..;a/shop /../shop /shop// http://any.example/shop/a HTTPS://any.example/shop //any.example/shop ///h/shop
    /\any.example/shop /admin /ADMIN/ /%41dmin /x/%252e%252e/admin /caf%C3%A9 /CAF%c3%89/ /shop/../open /%2f/shop
    /shop/%2e%2e/open /x/..%2f..%5c%73hop /shop%20 /shop. /shop./a /shop.../ /shop%2e/a /shop%20/a /shop%20.%20/a?x /SHOP.;v/a
    /x/..%20/shop /shop%c0%afa /shop%C1%9Ca /%c1%b3hop /x/%c0%ae%c0%ae/shop /shop%e0%80%afa /shop%f0%80%80%afa /shop%25c0%25afa
    /shop%c0%2fa /shop%fc%80%80%80%80%afa`)
  for (const target of [...closed, '/shop /a', '/shop. ']) assert.ok(isClosed(target), target)
  const open = words(`
    / /shops /shop-a /shopping/a /x/shop /x?/shop/a /admin/a /administrator * /a%20b /caf /open;x=/shop2
    http://shop/x /%zz /a%2 /open. /open./shop /.shop /a.shop %c3%a9 /sho%c0%af /open/..a/b /a%2fb%3fc;d=e/../f`)
  for (const target of [...open, '']) assert.ok(!isClosed(target), target)
})

test('a rule for everything closes everything, and opens what is plain', () => {
  for (const target of ['/', '/a', '//a', '/%zz', '/a;b', 'http://h', 'http://h/a'])
    assert.ok(createClosingPaths(['/*'])(target), target)
  const isOpen = createOpeningPaths(['/*'])
  assert.ok(isOpen('/') && isOpen('/a/b') && !isOpen('//a') && !isOpen('/a/%2e%2e'))
})

test('a target that can be read in endlessly many ways is closed, and costs no time', () => {
  const isClosed = createClosingPaths(['/shop/*'])
  for (const target of [
    `/${'%25'.repeat(5000)}41`,
    `/${'a;b/../'.repeat(2000)}`,
    `/${'%2525252f..;a\\'.repeat(800)}`,
    `${'/..//;'.repeat(2500)}`,
    `/${'\\;/'.repeat(8000)}`,
    `/${'%20'.repeat(5000)}x/${'. '.repeat(5000)}x`,
    `/${'%c0%ae%c0%af'.repeat(2000)}`,
    `/${'a'.repeat(16_000)}.`,
    `/${'%2525'.repeat(1000)}${'\\..;/%2e//'.repeat(1500)}?${'x'.repeat(5000)}`
  ]) {
    const tookMs = [1, 2, 3].map(() => {
      // Of the processor's time, since others may have it meanwhile.
      const start = process.cpuUsage()
      isClosed(target)
      return process.cpuUsage(start).user / 1000
    })
    assert.ok(Math.min(...tookMs) < 40, `${tookMs} ms for ${target.slice(0, 40)}`)
  }
})

test('a long query closes nothing, also where the path has escapes', () => {
  const isClosed = createClosingPaths(['/shop/*'])
  assert.ok(!isClosed(`/caf%C3%A9?${'q=%20a&'.repeat(4000)}`))
  assert.ok(isClosed(`/sh%6Fp?${'q=%20a&'.repeat(4000)}`))
})

// How servers and frameworks get from a target to a path; null for a refusal.
const READERS: Record<string, (target: string) => string | null> = {
  nginx: (target) => normalisePath(cut(target)),
  'WHATWG URL': (target) => attempt(() => new URL(target, 'http://h').pathname),
  'decoded, then resolved': (target) => attempt(() => posix.normalize(decodeURIComponent(cut(target)))),
  'resolved, then decoded': (target) => attempt(() => decodeURIComponent(posix.normalize(cut(target)))),
  'decoded twice': (target) =>
    attempt(() => posix.normalize(decodeURIComponent(decodeURIComponent(cut(target))))),
  'without parameters': (target) =>
    posix.normalize(
      cut(target)
        .replace(/;[^/]*/g, '')
        .replaceAll('\\', '/')
    ),
  'a file of Windows': (target) =>
    posix.normalize(
      cut(target)
        .split('/')
        .map((name) => (/^\.+ *$/.test(name) ? name.trimEnd() : name.replace(/[. ]+$/, '')))
        .join('/')
    ),
  'a decoder of any UTF-8': (target) =>
    posix.normalize(
      cut(target)
        .replace(/%c0%ae/gi, '.')
        .replace(/%c0%af/gi, '/')
    ),
  'lower case of the cut path': (target) => (cut(target).toLowerCase() === cut(target) ? cut(target) : null)
}

const cut = (target: string): string => target.replace(/[?#].*$/s, '')

function attempt(read: () => string): string | null {
  try {
    return read()
  } catch {
    return null
  }
}

const piece = fc.constantFrom(
  ...[
    'healthz',
    'static',
    'admin',
    'a',
    '/',
    '/',
    '//',
    '.',
    '..',
    '/../',
    '/./',
    ';',
    ';x=1',
    '%2e',
    '%2E%2e'
  ],
  ...[
    '%2f',
    '%5c',
    '\\',
    '%00',
    '%3f',
    '?',
    '#',
    '%23',
    '%25',
    '%',
    '%zz',
    '%c0%ae',
    '%c0%af',
    'static. ',
    '+',
    '~',
    '...',
    ':',
    '@',
    '*'
  ],
  ...['HEALTHZ', '%68', '\u00e9', '%E9', ' ', '%20', '&', '=', ',', '!', '$', "'", '(', '-', '_']
)
const targets = fc.array(piece, { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`)

test('what opens never holds for a path that somebody could read differently', () => {
  const isOpen = createOpeningPaths(['/healthz', '/static/*', '/a/*', '/*'])
  let opened = 0
  fc.assert(
    fc.property(targets, (target) => {
      if (!isOpen(target)) return
      opened++
      for (const [name, read] of Object.entries(READERS)) {
        if (name === 'lower case of the cut path') continue
        assert.equal(read(target), cut(target), `${name} of ${target}`)
      }
    }),
    { numRuns: sized(10_000, 400_000) }
  )
  assert.ok(opened > 500, `${opened} were open`)
})

test('what closes holds whenever any reader comes to the closed path', () => {
  const isClosed = createClosingPaths(['/static/*', '/admin'])
  const isMeant = (path: string | null): boolean => {
    const folded = path?.toLowerCase()
    return folded === '/static' || folded === '/admin' || (folded?.startsWith('/static/') ?? false)
  }
  let met = 0
  fc.assert(
    fc.property(targets, (target) => {
      for (const [name, read] of Object.entries(READERS)) {
        if (!isMeant(read(target))) continue
        met++
        assert.ok(isClosed(target), `${name} of ${target}`)
      }
    }),
    { numRuns: sized(10_000, 400_000) }
  )
  assert.ok(met > 200, `${met} readings were meant`)
})

test('a rule is a plain path', () => {
  for (const rule of words('/ /* /a /a/b /a/* /caf\u00e9 /.well-known/* /a.b'))
    assert.ok(isPathRule(rule), rule)
  const wrong = words(
    String.raw`a * /a* /*/a /a/** /a?b /a#b /a%2fb /a;b /a\b //a /a//b /./a /a/.. /a/... /a. /a./b`
  )
  for (const rule of [...wrong, '', '/a b', '/a\n', `/${'a'.repeat(500)}`, null, 1, {}])
    assert.ok(!isPathRule(rule), String(rule))
})
