import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { packageRoot } from '../src/package-root.ts'
import { brokenRules, type Sources, tooLong } from './helpers/structure.ts'

/** What a newcomer sees first stays short: a new entry here is a decision. */
const TOP_LEVEL = new Set([
  '.ci',
  '.git',
  '.github',
  '.gitignore',
  '.npmrc',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'bench',
  'docs',
  'examples',
  'package-lock.json',
  'package.json',
  'plugins',
  'public',
  'src',
  'test',
  'tsconfig.json'
])

function sourcesIn(...folders: string[]): Sources {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(folder, name)
    )
  )
  const code = paths.filter((path) => /\.[jt]s$/.test(path))
  return new Map(code.map((path) => [path, readFileSync(join(packageRoot, path), 'utf8')]))
}

test('imports run one way, and every file keeps to its room', () => {
  const sources = sourcesIn('src', 'plugins')
  assert.ok(sources.has('src/gateway.ts') && sources.has('plugins/proxy.ts'), 'the folders were read')
  assert.deepEqual(brokenRules(sources), [])
})

test('no file is too long to be read in one go', () => {
  assert.deepEqual(tooLong(sourcesIn('src', 'plugins', 'test')), [])
})

test('nothing lies at the top level that nobody decided to put there', () => {
  const ignored = readFileSync(join(packageRoot, '.gitignore'), 'utf8').split('\n')
  const extra = readdirSync(packageRoot).filter((name) => !TOP_LEVEL.has(name) && !ignored.includes(name))
  assert.deepEqual(
    extra.filter((name) => !name.endsWith('.tgz')),
    []
  )
})

test('the lock file names no registry, so that everybody can use their own', () => {
  const lock = JSON.parse(readFileSync(join(packageRoot, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { resolved?: string; hasInstallScript?: boolean }>
  }
  const resolved = Object.entries(lock.packages).filter(([, { resolved }]) => resolved !== undefined)
  assert.deepEqual(
    resolved.map(([name]) => name),
    []
  )
})

const END = "\nexport default fp(x, { name: 'fastify-intermission/x', fastify: '5.x' })\n"
const BROKEN: readonly [why: string, path: string, text: string, says: RegExp][] = [
  [
    'a room that imports Fastify',
    'src/state/a.ts',
    "import type { FastifyInstance } from 'fastify'",
    /knows nothing of Fastify/
  ],
  ['a room that imports another', 'src/pages/a.ts', "import { x } from '../state/b.ts'", /another room/],
  [
    'a room that imports upwards',
    'src/state/a.ts',
    "import { x } from '../gateway.ts'",
    /upwards from rooms to gateway/
  ],
  [
    'a room that imports a plugin later',
    'src/state/a.ts',
    "const x = await import('../../plugins/x.ts')",
    /upwards/
  ],
  ['a foundation that imports a room', 'src/errors.ts', "export * from './state/document.ts'", /upwards/],
  ['a server that imports the command', 'src/server.ts', "import '../src/cli/main.ts'", /upwards/],
  ['a file that imports the entry', 'src/cli/a.ts', "import { x } from '../index.ts'", /upwards/],
  [
    'an entry that exports the command',
    'src/index.ts',
    "export * from './cli/main.ts'",
    /no part of the library/
  ],
  [
    'a plugin that imports another',
    'plugins/x.ts',
    `import y from './y.ts'${END}`,
    /meet through decorators/
  ],
  [
    'a plugin that reads settings',
    'plugins/x.ts',
    `import { y } from '../src/config/load.ts'${END}`,
    /not settings/
  ],
  ['a plugin without fp', 'plugins/x.ts', '\nexport default x\n', /does not end with/],
  ['a plugin that goes on after fp', 'plugins/x.ts', `${END}const y = 1\n`, /does not end with/],
  ['a plugin that ends the process', 'plugins/x.ts', `process.exit(1)${END}`, /touches the process/],
  ['a room that reads the environment', 'src/state/a.ts', 'const x = process.env.HOME', /reads process\.env/],
  ['a file in no layer', 'src/misc.ts', '', /belongs to no layer/],
  ['a file that imports itself', 'src/cli/a.ts', "import { x } from './a.ts'", /circle of imports/]
]
for (const [why, path, text, says] of BROKEN) {
  test(`the rules notice ${why}`, () => {
    const broken = brokenRules(new Map([[path, text]]))
    assert.equal(broken.length, 1, broken.join('\n'))
    assert.match(broken[0]!, says)
  })
}

test('the rules let through what is allowed', () => {
  const allowed: Sources = new Map([
    ['src/errors.ts', ''],
    [
      'src/state/a.ts',
      "import { x } from './b.ts'\nimport { y } from '../errors.ts'\n// process.env is not read here"
    ],
    ['plugins/x.ts', `import fp from 'fastify-plugin'\nimport { y } from '../src/state/a.ts'${END}`],
    ['src/gateway.ts', "import x from '../plugins/x.ts'\nimport type { S } from './config/settings.ts'"],
    ['src/cli/a.ts', 'const env = process.env']
  ])
  assert.deepEqual(brokenRules(allowed), [])
})

test('the rules notice a file that is too long', () => {
  assert.deepEqual(
    tooLong(
      new Map([
        ['a.ts', 'x\n'.repeat(251)],
        ['b.ts', 'x\n'.repeat(250)]
      ])
    ),
    ['a.ts: 251 lines']
  )
})
