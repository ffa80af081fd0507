import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { configured } from '../helpers/configured.ts'
import { intermission } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'

const ADA = 'the-first-token-of-ada'
const ADA_TWO = 'the-second-token-of-ada'
const WATCHER = 'the-token-of-prometheus'
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

function operatorsFile(
  t: Cleanup,
  lines: readonly string[]
): { path: string; write(lines: readonly string[]): void } {
  const path = join(tempDir(t), 'operators')
  const write = (all: readonly string[]): void => {
    writeFileSync(path, `${all.join('\n')}\n`)
    chmodSync(path, 0o600)
  }
  write(lines)
  return { path, write }
}

/** Calls the admin API with a token. */
async function call(base: string, token: string, method: string, path: string, body?: object) {
  const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) }
  const response = await fetch(base + path, { method, headers, body: body ? JSON.stringify(body) : null })
  const text = await response.text()
  return { status: response.status, headers: response.headers, text, body: JSON.parse(text || '{}') }
}

test('operators have tokens of their own: a change is signed with the name, and whoever may only read changes nothing', async (t) => {
  const file = operatorsFile(t, [
    `ada operate sha256:${sha256(ADA)}`,
    '',
    '# for the monitoring',
    `prometheus read ${WATCHER}`
  ])
  const { gateway } = await configured(t, [`adminOperatorsFile: ${file.path}`])
  const { adminUrl } = gateway
  const entered = await call(adminUrl, ADA, 'PUT', '/maintenance', { message: 'soon' })
  assert.equal(entered.status, 200)
  assert.equal(entered.body.by, 'ada')
  assert.equal((await call(adminUrl, ADA, 'PUT', '/maintenance', { by: 'grace' })).body.by, 'grace')
  for (const path of ['/status', '/history', '/maintenance', '/fleet', '/schedule'])
    assert.equal((await call(adminUrl, WATCHER, 'GET', path)).status, 200, path)
  for (const [method, path] of [
    ['PUT', '/maintenance'],
    ['DELETE', '/maintenance'],
    ['DELETE', '/sites/default/maintenance'],
    ['POST', '/schedule'],
    ['POST', '/bypass-links'],
    ['POST', '/reload']
  ] as const) {
    const { status, headers, body } = await call(adminUrl, WATCHER, method, path, {})
    assert.equal(status, 403, path)
    assert.equal(headers.get('content-type'), 'application/problem+json; charset=utf-8')
    assert.match(headers.get('www-authenticate') ?? '', /error="insufficient_scope", scope="operate"/)
    assert.match(body.detail, /the token of prometheus may read, and change nothing/)
  }
  assert.equal((await call(adminUrl, WATCHER, 'GET', '/maintenance')).body.mode, 'maintenance')
  // Nobody learns of a token by the token of somebody else.
  const all = ['/status', '/history', '/fleet', '/bypass-links', '/openapi.json']
  for (const path of all)
    assert.doesNotMatch((await call(adminUrl, WATCHER, 'GET', path)).text, /token-of|sha256:/)
  const flags = ['--admin', adminUrl.replace('http://', ''), '--admin-token', WATCHER]
  assert.equal((await intermission(t, ['leave', ...flags])).code, 5)
})

test('a token is rotated by two reloads, and at no moment is the operator locked out', async (t) => {
  const file = operatorsFile(t, [`ada operate ${ADA}`])
  const { gateway } = await configured(t, [`adminOperatorsFile: ${file.path}`])
  const { adminUrl, stateDir } = gateway
  const works = async (...tokens: string[]): Promise<boolean[]> =>
    Promise.all(
      tokens.map(async (token) => (await call(adminUrl, token, 'GET', '/maintenance')).status === 200)
    )
  assert.deepEqual(await works(ADA, ADA_TWO), [true, false])
  file.write([`ada operate ${ADA}`, `ada operate ${ADA_TWO}`])
  assert.equal((await call(adminUrl, ADA, 'POST', '/reload')).status, 200)
  assert.deepEqual(await works(ADA, ADA_TWO), [true, true])
  file.write([`ada operate ${ADA_TWO}`])
  assert.equal((await call(adminUrl, ADA_TWO, 'POST', '/reload')).status, 200)
  assert.deepEqual(await works(ADA, ADA_TWO), [false, true])
  // The token of the state folder goes on to work, and a file that is not good changes nothing.
  const own = readFileSync(join(stateDir, 'admin-token'), 'utf8').trim()
  file.write([`ada operate ${ADA}`, 'grace everything x'])
  const refused = await call(adminUrl, own, 'POST', '/reload')
  assert.equal(refused.status, 422)
  assert.match(
    refused.text,
    /adminOperatorsFile.*names no operator on line 2; expected a name, read or operate/
  )
  assert.doesNotMatch(refused.text, new RegExp(ADA))
  assert.deepEqual(await works(ADA, ADA_TWO), [false, true])
})

test('one token for two operators stops the start, however it is written, and is not shown', async (t) => {
  for (const second of [
    `grace operate ${ADA}`,
    `grace read sha256:${sha256(ADA).toUpperCase()}`,
    `ada operate ${ADA}`
  ]) {
    const { path } = operatorsFile(t, [`ada read ${ADA}`, second])
    const args = [
      'check',
      '--admin-operators-file',
      path,
      '--listen',
      '127.0.0.1:0',
      '--state-dir',
      tempDir(t)
    ]
    const { code, stderr } = await intermission(t, args)
    assert.equal(code, 2, stderr)
    assert.match(stderr, /gives one token to ada \(read\) and to (grace|ada) \((operate|read)\)/)
    assert.doesNotMatch(stderr, new RegExp(ADA))
  }
})

test('a file of operators that others can read, or that is not there, stops the start', async (t) => {
  const file = operatorsFile(t, [`ada operate ${ADA}`])
  chmodSync(file.path, 0o644)
  const own = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--state-dir', tempDir(t)]
  for (const [path, text] of [
    [file.path, /is open to other users \(mode 0644\)/],
    [join(tempDir(t), 'nowhere'), /is not there/]
  ] as const) {
    for (const verb of ['start', 'check']) {
      const { code, stderr } = await intermission(t, [verb, '--admin-operators-file', path, ...own])
      assert.equal(code, 2)
      assert.match(stderr, text)
    }
  }
})
