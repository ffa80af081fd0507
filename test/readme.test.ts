import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { loadSettings } from '../src/config/load.ts'
import { packageRoot } from '../src/package-root.ts'
import { PLACEHOLDERS, parseTemplate } from '../src/pages/render.ts'
import { block, blocks } from './helpers/markdown.ts'
import { COMMAND, type Finished, run, startGateway } from './helpers/process.ts'
import { type Cleanup, tempDir } from './helpers/temp-dir.ts'
import { requireTool } from './helpers/tools.ts'
import { okUpstream } from './helpers/upstream.ts'

// The snippets of the READMEs, run as a reader would run them: only addresses and folders are others.

const read = (path: string): string => readFileSync(join(packageRoot, path), 'utf8')
const README = read('README.md')
const manifest = JSON.parse(read('package.json')) as { exports: Record<string, { types: string }> }

test('the plugin works in as many lines as the README says, and the calls enter and leave', async (t) => {
  const snippets = blocks(README).filter(({ language }) => language === 'js')
  const [calls, plugin] = snippets.map(({ code }) => code)
  const [enter, leave, ...more] = calls?.trim().split('\n') ?? []
  assert.deepEqual([snippets.length, more], [2, []])
  const said = await runSnippet(t, tempDir(t), [
    replaceOnce(plugin ?? '', 'port: 3000', 'port: 0'),
    'const said = []',
    ...[ASK, enter ?? '', ASK, leave ?? '', ASK],
    'await app.close()',
    'console.log(JSON.stringify(said))'
  ])
  assert.deepEqual(said, [
    [200, 'hello'],
    [503, '503 Service Unavailable: Back at nine\n'],
    [200, 'hello']
  ])
})

test('the app of plugins/README.md has files, pages, the admin API and the upstream, in this order', async (t) => {
  const [snippet] = blocks(read('plugins/README.md')).map(({ code }) => code)
  const upstream = await okUpstream(t)
  const cwd = tempDir(t)
  for (const folder of ['errors', 'public']) mkdirSync(join(cwd, folder))
  writeFileSync(join(cwd, 'public/file.txt'), 'a file')
  const admin =
    "fetch(app.listeningOrigin + '/-/admin/maintenance', { method: 'PUT', headers: { authorization: "
  const said = await runSnippet(
    t,
    cwd,
    [
      replaceOnce(replaceOnce(snippet ?? '', 'port: 8080', 'port: 0'), 'http://127.0.0.1:3000', upstream.url),
      'const said = []',
      `${ASK}`,
      `${ASK.replace("'/'", "'/file.txt'")}`,
      `said.push((await ${admin}'Bearer ' + process.env.ADMIN_TOKEN } })).status)`,
      `${ASK.replace("'/'", "'/file.txt'")}`,
      'await app.close()',
      'console.log(JSON.stringify(said))'
    ],
    { ADMIN_TOKEN: 'a-token-for-the-snippet' }
  )
  const [, file, entered, closed] = said as [number, string][]
  assert.equal((said[0] as number[])[0], 200)
  assert.equal(upstream.seen[0]?.url, '/')
  assert.deepEqual([file, entered, closed?.[0]], [[200, 'a file'], 200, 503])
})

test('the modes of plugins/README.md are entered, planned and left without an app', async (t) => {
  const [, snippet] = blocks(read('plugins/README.md')).map(({ code }) => code)
  const said = await runSnippet(t, tempDir(t), [
    snippet ?? '',
    "console.log(JSON.stringify([control.site('shop').state.mode, control.site('blog').state.mode, token.length]))"
  ])
  const [shop, blog, length] = said
  assert.deepEqual([shop, blog], ['maintenance', 'live'])
  assert.ok(Number(length) > 50)
})

test('the commands and the calls of curl enter and leave maintenance', async (t) => {
  if (!requireTool(t, 'curl') || !requireTool(t, 'bash')) return
  const snippets = blocks(README).filter(({ runs }) => runs)
  assert.equal(snippets.length, 2)
  const home = tempDir(t)
  const upstream = await okUpstream(t)
  const stateDir = join(home, '.local/state/intermission')
  const gateway = await startGateway(t, ['--upstream', upstream.url, '--state-dir', stateDir])
  const env = { HOME: home, INTERMISSION_ADMIN: gateway.adminUrl.replace('http://', '') }

  for (const { code } of snippets) {
    const script = code
      .replaceAll('npx intermission', COMMAND)
      .replaceAll('http://127.0.0.1:8081', gateway.adminUrl)
      .replaceAll('curl ', 'curl --silent --fail-with-body ')
    const ask = `curl --silent --output /dev/null --write-out '\\n%{http_code}\\n' ${gateway.url}\n`
    // Asked before the last line, which leaves, and after it.
    const lines = script.replaceAll('\\\n', ' ').trim().split('\n')
    const all = ['set -e', ...lines.slice(0, -1), ask, ...lines.slice(-1), ask].join('\n')
    const { stdout } = await succeed(run(t, 'bash', ['-c', all], { env }))
    assert.match(stdout, /Back at nine[\s\S]*^503$[\s\S]*\blive\b[\s\S]*^200$/m)
  }
})

test('the lines to wait for and the answer in maintenance are as shown', async (t) => {
  const gateway = await startGateway(t, ['--upstream', 'http://127.0.0.1:1'])
  const ready = block(README, '').trim().replaceAll(/\d+$/gm, '\\d+')
  assert.match(gateway.stdout, new RegExp(`^${ready}$`, 'm'))

  const { headers: auth, url } = adminOf(gateway.stateDir, gateway.adminUrl)
  const body = JSON.stringify({ message: 'Back at nine', for: '30m' })
  assert.equal((await fetch(url, { method: 'PUT', headers: auth, body })).status, 200)
  const answer = await fetch(gateway.url, { headers: { accept: 'application/json' } })
  const [head = '', json = ''] = block(README, 'http').split('\n\n')
  const [statusLine, ...fields] = head.split('\n')
  assert.equal(statusLine, `HTTP/1.1 ${answer.status} ${answer.statusText}`)
  for (const field of fields) {
    const [name = '', value = ''] = field.split(': ')
    const real = answer.headers.get(name) ?? ''
    if (name === 'Retry-After') assert.ok(Math.abs(Number(real) - Number(value)) < 30, `${name}: ${real}`)
    else assert.equal(real, value, name)
  }
  const shown = JSON.parse(json) as Record<string, unknown>
  const real = (await answer.json()) as Record<string, unknown>
  assert.deepEqual(Object.keys(real), Object.keys(shown))
  for (const name of ['title', 'status', 'detail', 'reason', 'message'])
    assert.equal(real[name], shown[name], name)
})

test('the configuration files are ones that start would take', (t) => {
  const [one, sites] = blocks(README)
    .filter(({ language }) => language === 'yaml')
    .map(({ code }) => {
      const file = join(tempDir(t), 'intermission.yaml')
      writeFileSync(file, code)
      return loadSettings({ flags: { config: [file] }, env: { HOME: '/home/somebody' } }).sites
    })
    .sort((some, others) => some.length - others.length)
  assert.deepEqual([one?.[0]?.interceptErrors, one?.[0]?.responseTimeoutMs], [[500, 502, 503, 504], 30_000])
  assert.deepEqual(
    sites?.map(({ name, connectTimeoutMs }) => [name, connectTimeoutMs]),
    [
      ['shop', 2000],
      ['blog', 5000]
    ]
  )
})

test('the sample page and the list of placeholders name those that there are', () => {
  assert.deepEqual(parseTemplate(block(README, 'html')).problems, [])
  const list = /placeholders[\s\S]*?`((?:\{\{\w+\}\}\s*)+)`/.exec(read('docs/pages.md'))?.[1] ?? ''
  const { names, problems } = parseTemplate(list)
  assert.deepEqual(problems, [])
  assert.deepEqual([...names], PLACEHOLDERS)
})

const ASK = `{
  const answer = await fetch(app.listeningOrigin + '/', { headers: { accept: 'text/plain' } })
  said.push([answer.status, await answer.text()])
}`

/** Runs a module whose imports of this package lead to the sources, by way of `exports`. */
async function runSnippet(
  t: Cleanup,
  cwd: string,
  lines: string[],
  env: Record<string, string> = {}
): Promise<unknown[]> {
  const code = lines
    .join('\n')
    .replaceAll(/ from '([\w./-]+)'/g, (_, name: string) => ` from '${urlOf(name)}'`)
  const file = join(cwd, 'snippet.mjs')
  writeFileSync(file, code)
  const args = ['--import', import.meta.resolve('tsx'), file]
  const { stdout } = await succeed(run(t, process.execPath, args, { cwd, env }))
  return JSON.parse(stdout) as unknown[]
}

function urlOf(name: string): string {
  if (!name.startsWith('fastify-intermission')) return import.meta.resolve(name)
  const entry = manifest.exports[name.replace('fastify-intermission', '.')]
  assert.ok(entry, `${name} is no entry of the package`)
  return join(packageRoot, entry.types.replace('./dist/', '').replace('.d.ts', '.ts'))
}

function replaceOnce(text: string, what: string, by: string): string {
  assert.equal(text.split(what).length, 2, `${what} is in the snippet once`)
  return text.replace(what, by)
}

function adminOf(stateDir: string, adminUrl: string): { url: string; headers: Record<string, string> } {
  const token = readFileSync(join(stateDir, 'admin-token'), 'utf8').trim()
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  return { url: `${adminUrl}/maintenance`, headers }
}

async function succeed(command: Promise<Finished>): Promise<Finished> {
  const finished = await command
  assert.equal(finished.code, 0, finished.stdout + finished.stderr)
  return finished
}
