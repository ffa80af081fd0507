import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { loadSettings, loadWithOrigins } from '../../src/config/load.ts'
import type { OptionValues } from '../../src/config/settings.ts'
import { COMMAND, startProcess } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'

function load(t: Cleanup, content: string | Buffer, name = 'gateway.yaml'): OptionValues {
  const cwd = tempDir(t)
  writeFileSync(join(cwd, name), content)
  return loadWithOrigins({ flags: { config: [name] }, env: { HOME: '/home/ada' }, cwd }).values
}

/** The lines of the error. */
function refusals(t: Cleanup, content: string | Buffer): string[] {
  let lines: string[] = []
  assert.throws(
    () => load(t, content),
    (error: Error) => {
      lines = error.message.split('\n')
      return error.name === 'ConfigError'
    }
  )
  return lines
}

const BAD: readonly [content: string, line: string][] = [
  ['lissten: 127.0.0.1:80', 'gateway.yaml:1:1: lissten: there is no such key; did you mean listen?'],
  [
    '\n\n  connect-timeout: 2s',
    'gateway.yaml:3:3: connect-timeout: there is no such key; did you mean connectTimeout?'
  ],
  ['state_dir: /s', 'gateway.yaml:1:1: state_dir: there is no such key; did you mean stateDir?'],
  ['config: x', 'gateway.yaml:1:1: config: there is no such key; expected one of listen, tlsCert'],
  ['idleTimeout: 5', 'gateway.yaml:1:14: idleTimeout: 5 is not allowed; expected a duration'],
  ['idleTimeout:   "5"', 'gateway.yaml:1:16: idleTimeout: "5" is not allowed; expected a duration'],
  ['static:', 'gateway.yaml:1:1: static: null is not allowed; expected a path'],
  ['static: 5', 'gateway.yaml:1:9: static: 5 is not allowed; expected a path'],
  ['static: [a]', 'gateway.yaml:1:9: static: "a list" is not allowed; expected a path'],
  ['static: {a: 1}', 'gateway.yaml:1:9: static: "a map" is not allowed; expected a path'],
  ['recover: "yes"', 'gateway.yaml:1:10: recover: "yes" is not allowed; expected on or off'],
  ['recover: 1', 'gateway.yaml:1:10: recover: 1 is not allowed; expected on or off'],
  [
    'adminToken: 12345678901234567890',
    'gateway.yaml:1:13: adminToken: this value is not allowed; expected 16 to'
  ],
  ['listen:\n  - a:1\n  - b', 'gateway.yaml:3:5: listen: "b" is not allowed; expected host:port'],
  ['listen: [[a:1]]', 'gateway.yaml:1:10: listen: "a list" is not allowed; expected host:port'],
  ['listen: []', 'gateway.yaml:1:1: listen: at least one address is needed'],
  [
    'interceptErrors: [500, 200]',
    'gateway.yaml:1:24: interceptErrors: "200" is not allowed; expected statuses'
  ],
  ['interceptErrors: 502.5', 'gateway.yaml:1:18: interceptErrors: "502.5" is not allowed; expected statuses'],
  ['{"upstream": "http://a/b"}', 'gateway.yaml:1:14: upstream: "http://a/b" is not allowed'],
  ['admin: 0.0.0.0:81', 'gateway.yaml:1:8: admin: "0.0.0.0:81" can be reached from other machines'],
  ['logLevel: info\nlogLevel: debug', 'gateway.yaml:2:1: logLevel: this key is there twice'],
  ['logLevel: &a info\nstatic: *a', 'gateway.yaml:2:9: static: "*a" is not allowed; expected a path'],
  ['- a\n- b', 'gateway.yaml:1:1: file: the file must hold keys and values'],
  ['just text', 'gateway.yaml:1:1: file: the file must hold keys and values'],
  ['listen: [a:1', 'gateway.yaml:1:13: syntax: '],
  ['static: *nobody', 'gateway.yaml:1:9: static: "*nobody" is not allowed; expected a path'],
  ['static: !custom x', 'gateway.yaml:1:9: syntax: Unresolved tag: !custom'],
  ['---\nlogLevel: info\n---\nlogLevel: info', 'gateway.yaml:3:1: syntax: ']
]
for (const [content, line] of BAD) {
  test(`a file with ${JSON.stringify(content)} is refused at its place`, (t) => {
    const [first, ...others] = refusals(t, content)
    assert.ok(first?.startsWith(line), first)
    assert.deepEqual(others, [])
  })
}

test('all that is wrong with a file is told at once, from top to bottom', (t) => {
  const lines = refusals(t, 'accessLog: maybe\nlisten: [x, y]\nnonsense: 1\nupstream: ""\nlisten: a:1\n')
  assert.deepEqual(
    lines.map((line) => line.split(': ').slice(0, 2).join(' ')),
    [
      'gateway.yaml:1:12 accessLog',
      'gateway.yaml:2:10 listen',
      'gateway.yaml:2:13 listen',
      'gateway.yaml:3:1 nonsense',
      'gateway.yaml:4:11 upstream',
      'gateway.yaml:5:1 listen'
    ]
  )
})

test('a wrong value is refused even where a flag comes before it', (t) => {
  const cwd = tempDir(t)
  writeFileSync(join(cwd, 'c.yaml'), 'logLevel: loud\n')
  const flags = { config: ['c.yaml'], logLevel: ['info'] }
  assert.throws(() => loadSettings({ flags, env: {}, cwd }), { message: /^c\.yaml:1:11: logLevel: "loud"/ })
})

test('YAML with comments, lists and a byte order mark is read', (t) => {
  const content =
    '\ufeff# ours\nlisten:\n  - 127.0.0.1:80 # web\n  - unix:/run/web.sock\ninterceptErrors: [500, 502-504]\naccessLog: off\r\n'
  const settings = load(t, content)
  assert.equal(settings.listen.length, 2)
  assert.deepEqual(settings.interceptErrors, [500, 502, 503, 504])
  assert.equal(settings.accessLog, null)
})

test('relative sockets are looked for where the file is, as all relative paths in it', (t) => {
  const dir = tempDir(t)
  const path = join(dir, 'gateway.yaml')
  writeFileSync(path, 'upstream: unix:app.sock\nlisten: unix:run/../web.sock\nadmin: unix:admin.sock\n')
  const { values } = loadWithOrigins({ flags: { config: [path] }, env: {}, cwd: '/' })
  const { upstream, listen, admin } = values
  assert.deepEqual(
    [upstream, listen, admin],
    [
      [`unix:${join(dir, 'app.sock')}`],
      [{ kind: 'unix', path: join(dir, 'web.sock') }],
      { kind: 'unix', path: join(dir, 'admin.sock') }
    ]
  )
})

for (const content of ['', '# nothing\n', '{}', '---\n', 'null']) {
  test(`a file with ${JSON.stringify(content)} gives nothing`, (t) => {
    assert.deepEqual(load(t, content).upstream, ['http://127.0.0.1:3000'])
  })
}

test('a file that is no text or too large is refused', (t) => {
  assert.deepEqual(refusals(t, Buffer.from([0x61, 0xff])), ['--config: "gateway.yaml" is not UTF-8 text'])
  assert.deepEqual(refusals(t, `# ${'x'.repeat(256 * 1024)}`), [
    '--config: "gateway.yaml" is larger than 256 KiB'
  ])
})

test('a file may be a pipe, whose writer may take its time', async (t) => {
  const script = `exec ${COMMAND} check --admin off --listen 127.0.0.1:0 --config <(sleep 0.3; echo 'drainTimeout: 7s')`
  const running = startProcess(t, 'bash', ['-c', script])
  assert.equal(await running.waitFor(/^drainTimeout: "(\w+)"/m), '7s')
})

for (const [why, content] of [
  ['lists', '['.repeat(100_000)],
  ['maps', '{a: '.repeat(60_000)],
  ['lists on one line', '- '.repeat(100_000)],
  ['keys on one line', '? '.repeat(100_000)],
  ['lists on many lines', '[\n'.repeat(100_000)],
  ['lists below each other', Array.from({ length: 700 }, (_, depth) => `${' '.repeat(depth)}-\n`).join('')]
] as const) {
  test(`${why} nested without end are refused, and the process lives`, (t) => {
    const lines = refusals(t, content)
    assert.ok(lines.length <= 10)
    assert.match(lines[0] ?? '', /^gateway\.yaml:\d+:1: (syntax|file): /)
  })
}

test('an empty list replaces nothing but the default', (t) => {
  assert.deepEqual(load(t, 'trustProxy: []\ninterceptErrors: []\n').trustProxy, [])
})

test('aliases that multiply are refused and not followed', (t) => {
  const bomb = [
    'listen: &a ["x:1"]',
    ...Array.from({ length: 20 }, (_, i) => `k${i}: [*a, *a, *a, *a]`)
  ].join('\n')
  assert.equal(refusals(t, bomb).length, 20)
})

test('a file that cannot be read is named by who named it', (t) => {
  const cwd = tempDir(t)
  mkdirSync(join(cwd, 'folder'))
  const load = (config: string) => () =>
    loadSettings({ flags: {}, env: { INTERMISSION_CONFIG: config }, cwd })
  assert.throws(load('none.yaml'), { message: /^INTERMISSION_CONFIG: "none.yaml" cannot be read: ENOENT/ })
  assert.throws(load('folder'), { message: /^INTERMISSION_CONFIG: "folder" cannot be read: EISDIR/ })
  assert.throws(load(''), { message: 'INTERMISSION_CONFIG: "" is not allowed; expected a path' })
})
