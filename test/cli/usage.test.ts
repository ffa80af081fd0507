import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { EXIT_CODES } from '../../src/cli/exit-codes.ts'
import { VERBS } from '../../src/cli/verbs.ts'
import { envOf, flagOf } from '../../src/config/option.ts'
import { OPTIONS } from '../../src/config/options.ts'
import { packageVersion } from '../../src/package-root.ts'
import { intermission } from '../helpers/process.ts'
import { tempDir } from '../helpers/temp-dir.ts'

test('--version prints the version alone', async (t) => {
  const { code, stdout, stderr } = await intermission(t, ['--version'])
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: `${packageVersion()}\n`, stderr: '' })
})

test('--help names every verb and every exit code', async (t) => {
  const { code, stdout, stderr } = await intermission(t, ['--help'])
  assert.equal(code, 0)
  assert.equal(stderr, '')
  for (const { name } of VERBS) assert.match(stdout, new RegExp(`^  ${name.split(' ')[0]} `, 'm'))
  for (const [number, meaning] of EXIT_CODES) assert.ok(stdout.includes(`  ${number}  ${meaning}\n`), meaning)
})

test('start --help names every flag, its variable and its default', async (t) => {
  const { code, stdout } = await intermission(t, ['start', '--help'])
  assert.equal(code, 0)
  const words = stdout.replace(/\s+/g, ' ')
  for (const { name, defaultText } of Object.values(OPTIONS)) {
    assert.ok(words.includes(` ${flagOf(name)} `), name)
    assert.ok(words.includes(`(default: ${defaultText}; env: ${envOf(name)})`), `${name}: ${defaultText}`)
  }
})

const WRONG: readonly [args: string[], stderr: RegExp][] = [
  [[], /^Usage: intermission/],
  [['entr'], /unknown command 'entr'[\s\S]*enter/],
  [['quux'], /unknown command 'quux'/],
  [['start', '--lisen', 'x'], /unknown option '--lisen'[\s\S]*--listen/],
  [['enter', '--hold'], /unknown option '--hold'/],
  [['enter', '--wait', 'soon'], /^--wait: "soon" is not allowed; expected applied or drained or none/],
  [['leave', '--wait', 'drained'], /^--wait: "drained" is not allowed; expected applied or none/],
  [['enter', '--timeout', '5'], /^--timeout: "5" is not allowed; expected a duration/],
  [['hold', '--max-wait', 'x'], /^--max-wait: "x" is not allowed; expected a duration/],
  [['schedule'], /^Usage: intermission schedule/],
  [['schedule', 'ad'], /unknown command 'ad'[\s\S]*add/],
  [
    ['schedule', 'add', '--for', '1h'],
    /^--from: nothing is given; expected an ISO 8601 time .*: when it begins/
  ],
  [
    ['schedule', 'add', '--from', '2030-01-01T02:00'],
    /^--from: "2030-01-01T02:00" is not allowed; expected an ISO/
  ],
  [
    ['schedule', 'add', '--from', '2030-01-01T02:00Z'],
    /^--until: nothing is given; expected an ISO 8601 time .*: when it ends; or how long it lasts by --for/
  ],
  [['schedule', 'remove'], /missing required argument 'ID'/],
  [['link', 'revoke'], /missing required argument 'ID'/],
  [['leave', 'now'], /too many arguments/],
  [['completion'], /missing required argument 'SHELL'/],
  [['completion', 'csh'], /'csh' is invalid for argument 'SHELL'. Allowed choices are bash, fish, zsh/],
  [['start', '--admin'], /option '--admin <ADDR>' argument missing/],
  [['start', '--connect-timeout', '2'], /^--connect-timeout: "2" is not allowed; expected a duration/],
  [['enter', '--for', 'soon'], /^--for: "soon" is not allowed; expected a duration/],
  [['enter', '--retry-after', '5'], /^--retry-after: "5" is not allowed; expected a duration/],
  [['enter', '--until', 'tomorrow'], /^--until: "tomorrow" is not allowed; expected an ISO 8601 time/],
  [['enter', '--for', '1h', '--until', '2030-01-01T00:00Z'], /^--for: "1h" is not allowed; expected either/],
  [
    ['enter', '--on-expiry', 'explode'],
    /^--on-expiry: "explode" is not allowed; expected leave or stay or leave-if/
  ],
  [['enter', '--if-revision', 'x'], /^--if-revision: "x" is not allowed; expected a whole number/],
  [['leave', '--reason', 'a', '--reason', 'b'], /^--reason: \["a","b"\] is not allowed; expected one value/],
  [['status', '--admin', 'x'], /^--admin: "x" is not allowed/],
  [['status', '--admin', 'off'], /^admin: "off" is not allowed; expected the address/],
  [['status', '--admin-token', 'short'], /^--admin-token: this value is not allowed/]
]
for (const [args, stderr] of WRONG) {
  test(`intermission ${args.join(' ')} is wrong usage`, async (t) => {
    const result = await intermission(t, args, { env: { INTERMISSION_STATE_DIR: tempDir(t) } })
    assert.equal(result.code, 2)
    assert.equal(result.stdout, '')
    assert.match(result.stderr, stderr)
    assert.doesNotMatch(result.stderr, /^\s+at /m, 'no stack')
  })
}

test('start refuses a wrong file with every place in it, and leaves nothing behind', async (t) => {
  const cwd = tempDir(t)
  writeFileSync(join(cwd, 'gateway.yaml'), 'lisen: a\nidleTimeout: 5\n')
  const env = { INTERMISSION_STATE_DIR: join(cwd, 'state'), INTERMISSION_UPSTREM: 'x' }
  const { code, stdout, stderr } = await intermission(t, ['start', '--config', 'gateway.yaml'], { cwd, env })
  assert.equal(code, 2)
  assert.equal(stdout, '')
  const lines = stderr.trim().split('\n')
  assert.equal(lines[0], 'gateway.yaml:1:1: lisen: there is no such key; did you mean listen?')
  assert.match(lines[1] ?? '', /^gateway\.yaml:2:14: idleTimeout: 5 is not allowed/)
  assert.equal(
    lines[2],
    'INTERMISSION_UPSTREM: there is no such variable; did you mean INTERMISSION_UPSTREAM?'
  )
  assert.equal(lines.length, 3)
})

test('a client verb does not load the server', async (t) => {
  const probe = join(tempDir(t), 'probe.mjs')
  const hook = `export async function resolve(name, context, next) {
    const found = await next(name, context)
    if (/node_modules\\/fastify\\//.test(found.url)) process._rawDebug('FASTIFY')
    return found
  }`
  const register = `import { register } from 'node:module'\nregister('data:text/javascript,' + ${JSON.stringify(encodeURIComponent(hook))})`
  writeFileSync(probe, register)
  const loads = async (verb: string): Promise<boolean> => {
    const rest = verb === 'start' ? ['--listen', '192.0.2.1:1'] : []
    const args = [verb, '--admin', '127.0.0.1:1', '--state-dir', tempDir(t), ...rest]
    const { stderr } = await intermission(t, args, { env: { NODE_OPTIONS: `--import ${probe}` } })
    return stderr.includes('FASTIFY')
  }
  for (const verb of ['enter', 'leave', 'status', 'history']) assert.equal(await loads(verb), false, verb)
  assert.equal(await loads('start'), true, 'the probe itself works')
})
