import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import test from 'node:test'
import { maintenanceRoutes } from '../src/admin/maintenance-routes.ts'
import { OTHER_ROUTES } from '../src/admin/open-api.ts'
import { planRoutes } from '../src/admin/plan-routes.ts'
import { createPreviews } from '../src/admin/previews.ts'
import { statusRoutes } from '../src/admin/status-routes.ts'
import { exitCodeOf } from '../src/cli/exit-codes.ts'
import { VERBS } from '../src/cli/verbs.ts'
import { flagOf } from '../src/config/option.ts'
import { type ErrorCode, IntermissionError } from '../src/errors.ts'
import { packageRoot } from '../src/package-root.ts'
import { openControl } from '../src/state/control.ts'
import { createMemoryStore } from '../src/state/memory-store.ts'
import { answerForFailure, type FailureCause } from '../src/upstream/failure.ts'
import { block, blocks, rows } from './helpers/markdown.ts'
import { run } from './helpers/process.ts'

// What the documents say, held against the code. That the snippets run is in readme.test.ts.

const docs = readdirSync(join(packageRoot, 'docs')).filter((name) => name.endsWith('.md'))
const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'plugins/README.md',
  ...docs.map((name) => `docs/${name}`),
  'examples/monitoring/README.md',
  'examples/deploy/README.md'
]
/** Names that stand for a file of the reader's. */
const MADE_UP = new Set(['src/state/x.ts', 'public/pages/503.html'])

const read = (path: string): string => readFileSync(join(packageRoot, path), 'utf8')
const manifest = JSON.parse(read('package.json')) as { scripts: Record<string, string>; overrides: object }

test('the tables of options, verbs and exit codes are those of the code', async (t) => {
  const tool = join(packageRoot, 'test/tools/readme-tables.ts')
  const args = ['--import', import.meta.resolve('tsx'), tool, '--check']
  const { code, stderr } = await run(t, process.execPath, args)
  assert.equal(code, 0, stderr)
})

test('docs/api.md is what the comments on all that is exported say, and each has one', async (t) => {
  const tool = join(packageRoot, 'test/tools/api-reference.ts')
  const args = ['--import', import.meta.resolve('tsx'), tool, '--check']
  const { code, stderr } = await run(t, process.execPath, args)
  assert.equal(code, 0, stderr)
})

test('every error code is in the README with its exit code, and no other', () => {
  const codes = membersOf('src/errors.ts', 'ErrorCode') as ErrorCode[]
  const said = rows(read('README.md'), 'Code', 'Meaning', 'Exit code').map(([code, , exit]) => [code, exit])
  assert.deepEqual(
    said,
    codes.map((code) => [`\`${code}\``, String(exitCodeOf(new IntermissionError(code, '')))])
  )
})

test('every failure of the upstream is in the README with its status and reason', () => {
  const table = rows(read('README.md'), 'Situation', 'Status', '`Intermission-Reason`')
  for (const cause of membersOf('src/upstream/failure.ts', 'FailureCause') as FailureCause[]) {
    const answer = answerForFailure(cause)
    if (answer === null) continue
    const said = table.some(([, status, reason]) => {
      return status === String(answer.status) && reason === `\`${answer.reason}\``
    })
    assert.ok(said, `${cause} is answered with ${answer.status} ${answer.reason}`)
  }
})

test('every call of the admin API is in the README, and no other', async () => {
  const control = await openControl({ store: createMemoryStore() })
  const routes = [
    ...maintenanceRoutes(control),
    ...planRoutes(control, () => []),
    ...statusRoutes(control, {}),
    createPreviews(() => undefined).route,
    ...OTHER_ROUTES
  ]
  await control.close()
  const said = rows(read('README.md'), 'Call', 'Does').map(([call = '']) => quoted(call)[0] ?? '')
  const known = routes.map(({ method, path }) => `${method} ${path}`)
  const one = '/sites/{site}/maintenance'
  assert.deepEqual(
    said.filter((call) => call !== one).sort(),
    known.filter((call) => !call.endsWith(one)).sort()
  )
  assert.ok(said.includes(one))
})

test('every plugin and each of its options is in plugins/README.md, and no other', () => {
  const text = read('plugins/README.md')
  const files = readdirSync(join(packageRoot, 'plugins')).filter((name) => name.endsWith('.ts'))
  const table = rows(text, 'Plugin', 'Options', 'Decorates', 'Needs', 'Place in the order')
  assert.deepEqual(
    table.map(([plugin]) => plugin).sort(),
    files.map((name) => `\`${name.slice(0, -3)}\``).sort()
  )
  const firstColumn = (...titles: string[]): string =>
    rows(text, ...titles)
      .map(([cell]) => cell)
      .join()
  const below: Record<string, string> = {
    proxy: firstColumn('Options', 'For'),
    maintenance: firstColumn('Options of the gate', 'For')
  }
  for (const [plugin = '', options = ''] of table) {
    const name = plugin.replaceAll('`', '')
    const said = quoted(options + (below[name] ?? '')).filter((one) => one !== 'prefix')
    assert.deepEqual([...new Set(said)].sort(), optionsOf(name).sort(), name)
  }
})

test('every arrow between the parts is in docs/architecture.md, and no other', () => {
  const table = rows(read('docs/architecture.md'), 'Part', 'Imports from')
  const drawn = new Map(table.map(([part = '', from = '']) => [quoted(part)[0], quoted(from)]))
  for (const [part, targets] of arrows()) {
    assert.deepEqual((drawn.get(part) ?? []).sort(), [...targets].sort(), part)
  }
})

for (const document of DOCUMENTS) {
  test(`${document} names files, scripts, verbs and flags that exist`, () => {
    const text = read(document)
    for (const [, target = ''] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      assert.ok(existsSync(join(packageRoot, dirname(document), target)), `the link to ${target}`)
    }
    const titles = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) => anchorOf(title))
    for (const [, anchor = ''] of text.matchAll(/\]\(#([^)]+)\)/g)) {
      assert.ok(titles.includes(anchor), `the link to #${anchor}`)
    }
    const paths = /(?<=[\s`(])(?:src|plugins|test|docs|examples|public)\/[\w./-]*\w/g
    for (const [path] of text.matchAll(paths)) {
      assert.ok(MADE_UP.has(path) || existsSync(join(packageRoot, path)), `the path ${path}`)
    }
    for (const [, script = ''] of text.matchAll(/npm run ([\w:]+)/g))
      assert.ok(manifest.scripts[script], script)
    for (const { language, code } of blocks(text)) if (language === 'sh') commandsExist(code)
  })
}

test('every document is in the index of docs/, and the README leads there', () => {
  const links = [...read('docs/README.md').matchAll(/\]\(([^)#]+)\)/g)].map(([, target = '']) => target)
  const own = docs.filter((name) => name !== 'README.md')
  const guides = ['plugins', ...readdirSync(join(packageRoot, 'examples')).map((name) => `examples/${name}`)]
  for (const name of [...own, ...guides.map((folder) => `../${folder}/README.md`), '../CONTRIBUTING.md'])
    assert.ok(links.includes(name), name)
  assert.match(read('README.md'), /\]\(docs\/README\.md\)/)
})

test('the overrides for engine-strict are those that we use ourselves', () => {
  assert.deepEqual(JSON.parse(block(read('README.md'), 'json')), { overrides: manifest.overrides })
})

/** The members of a union of strings. */
function membersOf(file: string, type: string): string[] {
  const union = new RegExp(`export type ${type} =([\\s\\S]*?)\\n\\n`).exec(read(file))?.[1] ?? ''
  const members = [...union.matchAll(/\| '([\w-]+)'/g)].map(([, member = '']) => member)
  assert.ok(members.length > 5, `the members of ${type} were found`)
  return members
}

/** The fields of the options of a plugin, wherever they are declared. */
function optionsOf(plugin: string): string[] {
  return fieldsOf(`${plugin.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())}Options`)
}

// With those that it has from others.
function fieldsOf(type: string): string[] {
  const declared = new RegExp(`export interface ${type} (?:extends (\\w+) )?\\{\\n([\\s\\S]*?)\\n\\}`)
  const text = sources().find((source) => declared.test(source.text))?.text ?? ''
  const [, base, body = ''] = declared.exec(text) ?? []
  const own = [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name = '']) => name)
  return base === undefined ? own : [...own, ...fieldsOf(base)]
}

function sources(): { path: string; text: string }[] {
  const paths = ['plugins', 'src'].flatMap((folder) =>
    readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      join(folder, name)
    )
  )
  return paths.filter((path) => path.endsWith('.ts')).map((path) => ({ path, text: read(path) }))
}

/** Which rooms, and which of the files above them, each part imports from. */
function arrows(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>()
  for (const { path, text } of sources()) {
    const from = partOf(path)
    if (from === 'src/index.ts') continue
    for (const [, name = ''] of text.matchAll(/(?:from |import\()'(\.[^']+)'/g)) {
      const to = partOf(join(dirname(path), name))
      if (from === to || !/\/$|^src\/(?:gateway|server)\.ts$/.test(to)) continue
      found.set(from, (found.get(from) ?? new Set()).add(to))
    }
  }
  return found
}

/** A room, with a slash at its end, or the file that is no room's. */
function partOf(path: string): string {
  return path.split('/').length > 2 ? `${dirname(path)}/` : path
}

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)
}

/** As GitHub makes it of a title. */
function anchorOf(title: string): string {
  const plain = title.toLowerCase().replace(/[^\w\s-]/g, '')
  return plain.replaceAll(' ', '-')
}

/** Every `npm x`, and every flag of `intermission verb`, in a block of shell. */
function commandsExist(code: string): void {
  for (const line of code.replaceAll('\\\n', ' ').split('\n')) {
    for (const [, script = ''] of line.matchAll(/npm (\w+)/g)) {
      assert.ok(['ci', 'install', 'pack'].includes(script) || manifest.scripts[script], line)
    }
    const [, name, below, rest = ''] =
      /(?:npm (?=start --)|intermission )(\w+)(?: (\w+))?(.*)/.exec(line) ?? []
    if (name === undefined) continue
    const verb =
      VERBS.find((one) => one.name === `${name} ${below}`) ?? VERBS.find((one) => one.name === name)
    const known = verb?.flags.map((flag) => flagOf(flag.name)) ?? []
    assert.ok(verb, line)
    for (const [flag] of rest.matchAll(/--[a-z-]+/g)) assert.ok(known.includes(flag), `${flag} in ${line}`)
  }
}
