import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { type LoadedSettings, loadWithOrigins } from '../../src/config/load.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'

function load(t: Cleanup, content: string, flags: Record<string, string[]> = {}): LoadedSettings {
  const cwd = tempDir(t)
  writeFileSync(join(cwd, 'c.yaml'), content)
  return loadWithOrigins({ flags: { config: ['c.yaml'], ...flags }, env: { HOME: '/home/ada' }, cwd })
}

test('a site has its own values and inherits the others, whoever gave them on the top level', (t) => {
  const content = `
interceptErrors: 502
static: /srv/files
pages: /srv/pages
connectTimeout: 1s
sites:
  shop:
    hosts: [shop.example, "*.Shop.example"]
    upstream: unix:/run/shop.sock
    pages: ~
    connectTimeout: 3s
    interceptErrors: []
`
  const { settings, sites } = load(t, content, { connectTimeout: ['2s'], upstream: ['http://app:1'] })
  const [top, shop, ...more] = settings.sites
  assert.deepEqual(more, [])
  assert.deepEqual([top?.name, top?.connectTimeoutMs, top?.upstream], ['default', 2000, ['http://app:1']])
  assert.deepEqual(shop, {
    ...top,
    name: 'shop',
    hosts: ['shop.example', '*.shop.example'],
    upstream: ['unix:/run/shop.sock'],
    pages: null,
    connectTimeoutMs: 3000,
    interceptErrors: []
  })
  const { origins } = sites[0]!
  assert.deepEqual([origins.pages, origins.static, origins.hosts], ['file', 'inherited', 'file'])
})

test('paths of a site start from the folder of the file', (t) => {
  const { settings } = load(t, 'sites: {a: {hosts: a.example, static: here}}\n')
  assert.match(settings.sites[1]?.static ?? '', /\/intermission-[^/]+\/here$/)
})

test('with unknownHost refuse there is a site default only where hosts lead to it', (t) => {
  const names = (content: string): string[] => load(t, content).settings.sites.map(({ name }) => name)
  const site = 'sites: {a: {hosts: a.example}}\n'
  assert.deepEqual(names(site), ['default', 'a'])
  assert.deepEqual(names(`unknownHost: refuse\n${site}`), ['a'])
  assert.deepEqual(names(`unknownHost: refuse\nhosts: b.example\n${site}`), ['default', 'a'])
})

const HOSTS = 'host names without a port such as shop.example or *.shop.example; others in their xn-- form'
const BAD: readonly [content: string, line: string][] = [
  ['sites: x', 'c.yaml:1:1: sites: expected a map of sites, such as shop: { hosts: shop.example }'],
  [
    'sites:\n  shop: yes',
    'c.yaml:2:3: sites.shop: expected the options of the site, such as { hosts: shop.example }'
  ],
  ['sites:\n  shop: {}', 'c.yaml:2:3: sites.shop: hosts are needed: which host names lead here?'],
  ['sites:\n  default: {hosts: a}', 'c.yaml:2:3: sites.default: the site default is what the top level says'],
  [
    'sites:\n  a/b: {hosts: a}',
    'c.yaml:2:3: sites.a/b: expected 1 to 64 letters, digits and . _ - with a letter or digit at both ends'
  ],
  [
    'sites:\n  shop:\n    hosts: a\n    upstraem: http://b',
    'c.yaml:4:5: sites.shop.upstraem: there is no such key; did you mean upstream?'
  ],
  [
    'sites:\n  shop:\n    hosts: a\n    listen: a:1',
    'c.yaml:4:5: sites.shop.listen: this is for the whole gateway and not for one site; it belongs on the top level'
  ],
  [
    'sites:\n  shop:\n    hosts: a\n    upstream: http://b/c',
    'c.yaml:4:15: sites.shop.upstream: "http://b/c" is not allowed; expected http://host:port'
  ],
  [
    'sites:\n  shop:\n    hosts: a\n    static:',
    'c.yaml:4:5: sites.shop.static: null is not allowed; expected a path'
  ],
  [
    'sites:\n  shop:\n    hosts: a\n    bypassToken: short',
    'c.yaml:4:18: sites.shop.bypassToken: this value is not allowed; expected 16 to'
  ],
  [
    'sites:\n  a: {hosts: x.example}\n  b: {hosts: [y.example, X.example.]}',
    'c.yaml:3:15: sites.b.hosts: "x.example" belongs to the site a already'
  ],
  [
    'hosts: x.example\nsites:\n  a: {hosts: x.example}',
    'c.yaml:3:14: sites.a.hosts: "x.example" belongs to the site default already'
  ],
  ['site: {}', 'c.yaml:1:1: site: there is no such key; did you mean sites?'],
  ['sites: {a: {hosts: a}, a: {hosts: b}}', 'c.yaml:1:24: a: this key is there twice'],
  [
    'unknownHost: refuse',
    'c.yaml:1:14: unknownHost: with no hosts at all, refuse would answer nobody; give hosts, or sites that have them'
  ],
  ['unknownHost: ask', 'c.yaml:1:14: unknownHost: "ask" is not allowed; expected default or refuse'],
  ...['a.example:80', 'http://a.example', '*', 'a.*.example', 'bücher.example', '-a.example', 'a..b'].map(
    (host): [string, string] => [
      `hosts: "${host}"`,
      `c.yaml:1:8: hosts: "${host}" is not allowed; expected ${HOSTS}`
    ]
  ),
  ...['healthz', '/a//b', '/a/../b', '/a%2fb', '/a;b', '/a?b', '/a*', '/*/a', '/a\\\\b'].map(
    (path): [string, string] => [
      `bypassPath: "${path}"`,
      `c.yaml:1:13: bypassPath: ${JSON.stringify(path.replace('\\\\', '\\'))} is not allowed; expected a path such as`
    ]
  ),
  ['bypassAddress: unix', 'c.yaml:1:16: bypassAddress: "unix" is not allowed; expected addresses and CIDR'],
  ['holdLimit: 0', 'c.yaml:1:12: holdLimit: "0" is not allowed; expected a whole number from 1'],
  ['websockets: keep', 'c.yaml:1:13: websockets: "keep" is not allowed; expected close or leave']
]
for (const [content, line] of BAD) {
  test(`a file with ${JSON.stringify(content)} is refused at its place`, (t) => {
    assert.throws(
      () => load(t, content),
      ({ name, message }: Error) => {
        assert.equal(name, 'ConfigError')
        assert.ok(message.startsWith(line), message)
        assert.equal(message.split('\n').length, 1, message)
        return true
      }
    )
  })
}

test('what is wrong on the top level and in the sites is told at once', (t) => {
  const content = 'idleTimeout: 5\nsites:\n  a: {hosts: a, idleTimeout: 6}\n  b: {idleTimeout: 7s}\n'
  assert.throws(
    () => load(t, content),
    ({ message }: Error) => {
      const starts = message.split('\n').map((line) => line.split(': ').slice(0, 2).join(' '))
      assert.deepEqual(starts, [
        'c.yaml:1:14 idleTimeout',
        'c.yaml:3:30 sites.a.idleTimeout',
        'c.yaml:4:3 sites.b'
      ])
      return true
    }
  )
})
