import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { packageRoot } from '../src/package-root.ts'
import { type Finished, run, startProcess } from './helpers/process.ts'
import { type Cleanup, tempDir } from './helpers/temp-dir.ts'
import { okUpstream, refusingUpstream } from './helpers/upstream.ts'

/** Each entry of `exports` with the names it gives. A change here is a change for whoever uses the package. */
const EXPORTED: Record<string, string[]> = {
  '.': [
    'InputError',
    'IntermissionError',
    'admin',
    'createFileStore',
    'createMemoryStore',
    'errorPages',
    'keepRawTarget',
    'maintenance',
    'metrics',
    'openControl',
    'openMaintenance',
    'parseSharedState',
    'proxy',
    'staticFirst'
  ],
  './admin': ['admin', 'default'],
  './error-pages': ['default', 'errorPages'],
  './maintenance': ['default', 'maintenance'],
  './metrics': ['default', 'metrics'],
  './proxy': ['default', 'proxy'],
  './static-first': ['default', 'staticFirst'],
  './config.schema.json': [],
  './package.json': []
}

const APP = `
import Fastify from 'fastify'
import maintenance from 'fastify-intermission/maintenance'
const app = Fastify()
await app.register(maintenance)
app.get('/', () => 'hello')

const url = await app.listen({ port: 0 })
const said = []
const ask = async () => {
  const answer = await fetch(url, { headers: { accept: 'application/json' } })
  said.push([answer.status, answer.headers.get('retry-after'), answer.headers.get('content-type')])
}
await ask()
await app.maintenance.enter({ message: 'Back at nine', retryAfter: '5m' })
await ask()
await app.maintenance.leave()
await ask()
await app.close()
console.log(JSON.stringify(said))
`

const TYPED = `
import Fastify, { type FastifyInstance } from 'fastify'
import { createFileStore, InputError, type StateDocument, errorPages, type ProxyOptions } from 'fastify-intermission'
import admin from 'fastify-intermission/admin'
import maintenance from 'fastify-intermission/maintenance'
import proxy from 'fastify-intermission/proxy'
import staticFirst from 'fastify-intermission/static-first'

const app: FastifyInstance = Fastify()
const upstream: ProxyOptions['upstream'] = 'http://127.0.0.1:3000'
await app.register(errorPages, {})
await app.register(maintenance, { store: createFileStore({ path: 'state.json' }) })
await app.register(staticFirst, { root: '/srv' })
await app.register(proxy, { upstream })
await app.register(admin, { tokens: ['a-token-of-some-length'] })
app.get('/free', { config: { intermission: { bypass: true } } }, () => 'free')
const entered: StateDocument = await app.maintenance.enter({ for: '30m', message: 'Back at nine' })
const revision: number = entered.revision
// @ts-expect-error a bare number is no duration
await app.maintenance.enter({ for: 30 })
// @ts-expect-error an option that does not exist
await app.register(proxy, { upstream, upstreams: [] })
console.log(revision, InputError)
`

const TSCONFIG = {
  compilerOptions: {
    target: 'es2023',
    module: 'nodenext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    types: ['node']
  },
  include: ['consumer.ts']
}

test('the packed package works where it is installed', async (t) => {
  const { tarball, files } = await pack(t)
  const home = await install(t, tarball)
  const installed = join(home, 'node_modules/fastify-intermission')

  await t.test(
    'it holds the build of what is there, the pages, and nothing of the machine that packed it',
    () => {
      const build = files.filter((name) => /^dist\/.*\.[jt]s$/.test(name))
      const stale = build.filter((name) => !existsSync(join(packageRoot, sourceOf(name))))
      assert.deepEqual(stale, [], 'these have no source any more; remove dist/ and build again')
      const rest = files.filter((name) => !name.startsWith('dist/') && !name.startsWith('public/'))
      assert.deepEqual(
        rest.filter((name) => !/^(package\.json|README\.md|CHANGELOG\.md|LICENSE)$/.test(name)),
        []
      )
      assert.ok(files.includes('public/pages/page.html'))
      assert.ok(files.includes('dist/intermission.1'))
      for (const name of files) {
        const text = readFileSync(join(installed, name), 'latin1')
        assert.ok(!text.includes(packageRoot), `${name} names a folder of this machine`)
        assert.doesNotMatch(text, /"(workspace|file|link):/, name)
      }
    }
  )

  await t.test('publint and attw find nothing to complain of', async () => {
    const tool = (name: string, ...args: string[]): Promise<Finished> =>
      succeed(run(t, join(packageRoot, 'node_modules/.bin', name), args, { cwd: packageRoot }))
    await tool('publint', '--strict', '--pack', 'false', installed)
    await tool('attw', tarball, '--profile', 'esm-only')
  })

  await t.test('its exports give the names that users rely on', async () => {
    const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      exports: object
      name: string
    }
    assert.deepEqual(Object.keys(manifest.exports).sort(), Object.keys(EXPORTED).sort())
    const modules = Object.entries(EXPORTED).filter(([entry]) => !entry.endsWith('.json'))
    for (const [entry, names] of modules) {
      const code = `console.log(JSON.stringify(Object.keys(await import('${manifest.name}${entry.slice(1)}'))))`
      const { stdout } = await succeed(
        run(t, process.execPath, ['--input-type=module', '--eval', code], { cwd: home })
      )
      assert.deepEqual(JSON.parse(stdout), names, entry)
    }
  })

  await t.test('the maintenance plugin in five lines answers 503 after enter', async () => {
    writeFileSync(join(home, 'app.mjs'), APP)
    const { stdout } = await succeed(run(t, process.execPath, ['app.mjs'], { cwd: home }))
    const [live, entered, left] = JSON.parse(stdout) as unknown[][]
    assert.deepEqual(live?.[0], 200)
    assert.deepEqual(entered, [503, '300', 'application/problem+json'])
    assert.deepEqual(left?.[0], 200)
  })

  await t.test(
    'its types compile under strict, with the types of Node beside them and no others',
    async () => {
      writeFileSync(join(home, 'consumer.ts'), TYPED)
      writeFileSync(join(home, 'tsconfig.json'), JSON.stringify(TSCONFIG))
      const tsc = join(packageRoot, 'node_modules/typescript/bin/tsc')
      await succeed(run(t, process.execPath, [tsc, '--project', home], { cwd: home }))
    }
  )

  await t.test(
    'npx intermission start serves an app, and the built-in page when there is none',
    async (t) => {
      const upstream = await okUpstream(t)
      const gateway = await npxStart(t, home, upstream.url)
      assert.equal((await fetch(`${gateway}/x`)).status, 200)
      assert.equal(upstream.seen[0]?.url, '/x')

      const lonely = await npxStart(t, home, await refusingUpstream())
      const answer = await fetch(lonely, { headers: { accept: 'text/html' } })
      assert.equal(answer.status, 502)
      assert.match(await answer.text(), /502 Bad Gateway/)
    }
  )
})

async function pack(t: Cleanup): Promise<{ tarball: string; files: string[] }> {
  assert.ok(existsSync(join(packageRoot, 'dist/src/index.js')), 'dist/ is missing: npm run build')
  const dir = tempDir(t)
  const { stdout } = await succeed(
    run(t, 'npm', ['pack', '--json', '--pack-destination', dir], { cwd: packageRoot })
  )
  const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }]
  return { tarball: join(dir, packed.filename), files: packed.files.map(({ path }) => path) }
}

/** An empty folder with the tarball, Fastify and the types of Node in it, as somebody has it who tries the package. */
async function install(t: Cleanup, tarball: string): Promise<string> {
  const home = join(tempDir(t), 'consumer')
  mkdirSync(home)
  writeFileSync(join(home, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const beside = ['fastify', '@types/node'].map((name) => `${name}@${lockedVersion(name)}`)
  const flags = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  await succeed(run(t, 'npm', ['install', ...flags, tarball, ...beside], { cwd: home }))
  return home
}

function lockedVersion(name: string): string {
  const lock = JSON.parse(readFileSync(join(packageRoot, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version: string }>
  }
  return lock.packages[`node_modules/${name}`]!.version
}

function sourceOf(built: string): string {
  return built.replace(/^dist\//, '').replace(/(\.d)?\.(js|ts)$/, '.ts')
}

async function npxStart(t: Cleanup, cwd: string, upstream: string): Promise<string> {
  const flags = [
    '--upstream',
    upstream,
    '--listen',
    '127.0.0.1:0',
    '--admin',
    'off',
    '--state-dir',
    tempDir(t)
  ]
  const gateway = startProcess(t, 'npx', ['--no', 'intermission', 'start', ...flags], { cwd, group: true })
  return gateway.waitFor(/^intermission listening on (\S+)$/m)
}

async function succeed(command: Promise<Finished>): Promise<Finished> {
  const finished = await command
  assert.equal(finished.code, 0, finished.stdout + finished.stderr)
  return finished
}
