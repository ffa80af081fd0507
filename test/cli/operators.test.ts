import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import {
  COMMAND,
  type Finished,
  type GatewayProcess,
  intermission,
  run,
  startGateway,
  startIntermission
} from '../helpers/process.ts'
import { rawExchange } from '../helpers/raw-client.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { requireTool } from '../helpers/tools.ts'
import { okUpstream } from '../helpers/upstream.ts'

interface Operated {
  gateway: GatewayProcess
  /** Runs a verb as the operator of that gateway. */
  verb: (...args: string[]) => Promise<Finished>
}

/** A gateway in front of the sites shop and blog, and its operator. */
async function operate(t: Cleanup): Promise<Operated> {
  const upstream = await okUpstream(t)
  const dir = tempDir(t)
  const sites = 'sites:\n  shop: {hosts: shop.example}\n  blog: {hosts: blog.example}\n'
  writeFileSync(join(dir, 'c.yaml'), `upstream: ${upstream.url}\nunknownHost: refuse\n${sites}`)
  const gateway = await startGateway(t, ['--config', join(dir, 'c.yaml')])
  const env = { INTERMISSION_ADMIN: gateway.adminUrl, INTERMISSION_STATE_DIR: gateway.stateDir }
  return { gateway, verb: (...args) => intermission(t, args, { env }) }
}

async function ask(t: Cleanup, { url }: GatewayProcess, host: string, method = 'GET'): Promise<number> {
  const head = `${method} / HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`
  return Number((await rawExchange(t, Number(new URL(url).port), head)).split(' ')[1])
}

test('each site has a mode of its own, by command', async (t) => {
  const { gateway, verb } = await operate(t)
  const closed = await verb('enter', '--site', 'shop', '--message', 'Stocktaking', '--for', '1h')
  assert.deepEqual([closed.code, closed.stderr], [0, ''])
  assert.match(closed.stdout, /^shop {2}maintenance since [\s\S]*^ {2}message +Stocktaking$/m)
  assert.deepEqual([await ask(t, gateway, 'shop.example'), await ask(t, gateway, 'blog.example')], [503, 200])

  await verb('enter', '--site', 'blog', '--read-only')
  assert.equal(await ask(t, gateway, 'blog.example', 'POST'), 503)
  const status = await verb('status')
  assert.match(
    status.stdout,
    /^shop {2}maintenance [\s\S]*^ {2}hosts +shop\.example$[\s\S]*^blog {2}read-only /m
  )
  assert.ok(!status.stdout.includes('\x1b'), 'no colours where nobody is looking')

  const left = await verb('leave', '--json')
  const { sites, wait } = JSON.parse(left.stdout) as { sites: { mode: string }[]; wait: { outcome: string } }
  assert.deepEqual([sites.map(({ mode }) => mode), wait.outcome], [['live', 'live'], 'complete'])
  assert.deepEqual(
    [await ask(t, gateway, 'shop.example'), await ask(t, gateway, 'blog.example', 'POST')],
    [200, 200]
  )
  const unknown = await verb('enter', '--site', 'elsewhere')
  assert.deepEqual([unknown.code, unknown.stdout], [1, ''])
  assert.match(unknown.stderr, /there is no site "elsewhere"; expected one of /)
})

test('of two operators who act on the same revision at once one is refused, and is told so', async (t) => {
  const { verb } = await operate(t)
  const race = ['ann', 'bob'].map((name) =>
    verb('enter', '--site', 'shop', '--message', name, '--if-revision', '0')
  )
  const done = await Promise.all(race)
  assert.deepEqual(done.map(({ code }) => code).sort(), [0, 5])
  const refused = done.find(({ code }) => code === 5)
  assert.match(
    refused?.stderr ?? '',
    /^the admin API answered 412: If-Match: site shop is at revision 1 by now/
  )
  const { stdout } = await verb('history')
  assert.equal(stdout.trim().split('\n').length, 1)
})

test('the history says who, when and why, and repeating a change adds nothing', async (t) => {
  const { verb } = await operate(t)
  assert.equal((await verb('history')).stdout, 'nothing has been changed yet\n')
  await verb('enter', '--site', 'shop', '--reason', 'the disk', '--message', 'Back soon')
  await verb('enter', '--site', 'shop', '--reason', 'the disk', '--message', 'Back soon')
  await verb('hold', '--site', 'blog', '--max-wait', '3s')
  await verb('leave', '--site', 'shop', '--reason', 'it is well')
  const { stdout } = await verb('history')
  const lines = stdout.trim().split('\n')
  assert.equal(lines.length, 3)
  assert.match(lines[0]!, /^20\S+Z \(.* ago\) {2}3 {2}left {2}shop {2}by \S+ {2}because: it is well$/)
  assert.match(lines[1]!, / {2}2 {2}hold entered {2}blog {2}by /)
  assert.match(lines[2]!, / {2}1 {2}maintenance entered {2}shop {2}by .* because: the disk {2}"Back soon"$/)
  const { changes } = JSON.parse((await verb('history', '--json')).stdout) as { changes: object[] }
  assert.equal(changes.length, 3)
})

test('closing a part of a site keeps the rest open', async (t) => {
  const { verb } = await operate(t)
  const { stdout } = await verb('enter', '--site', 'shop', '--path', '/pay/*', '--path', '/basket', '--json')
  const { paths, exceptPaths } = JSON.parse(stdout) as { paths: string[]; exceptPaths: string[] }
  assert.deepEqual([paths, exceptPaths], [['/pay/*', '/basket'], []])
  const wrong = await verb('enter', '--path', 'pay')
  assert.equal(wrong.code, 2)
  assert.match(wrong.stderr, /paths: "pay" is not allowed/)
})

test('a gateway that is alone is its own fleet', async (t) => {
  const { verb } = await operate(t)
  const { stdout } = await verb('fleet', 'ls')
  assert.match(stdout, /^\S+ live on .*, this one\n$/)
  const forgotten = await verb('fleet', 'forget', 'elsewhere')
  assert.equal(forgotten.code, 1)
  assert.match(forgotten.stderr, /there is no member "elsewhere"/)
})

test('status --watch shows what changes until it is interrupted', async (t) => {
  const { verb, gateway } = await operate(t)
  const env = { INTERMISSION_ADMIN: gateway.adminUrl, INTERMISSION_STATE_DIR: gateway.stateDir }
  const watching = startIntermission(t, ['status', '--watch', '--json'], { env })
  await watching.waitFor(/"mode":"live"/)
  await verb('enter', '--site', 'shop')
  await watching.waitFor(/"mode":"maintenance"/)
  assert.equal(watching.stdout.trim().split('\n').length, 2, 'said only when something is different')
  await gateway.stop()
  await watching.waitFor(/cannot be reached/)
  assert.deepEqual(await watching.stop('SIGINT'), { code: 0, signal: null })
})

test('on a terminal status --watch shows the newest in its place', async (t) => {
  if (!requireTool(t, 'script') || !requireTool(t, 'timeout')) return
  const { gateway } = await operate(t)
  const env = {
    INTERMISSION_ADMIN: gateway.adminUrl,
    INTERMISSION_STATE_DIR: gateway.stateDir,
    TERM: 'xterm'
  }
  const command = `timeout -s INT 6 ${COMMAND} status --watch`
  const { stdout } = await run(t, 'script', ['-qec', command, '/dev/null'], { env })
  const screens = stdout.split('\x1b[H\x1b[2J').slice(1)
  assert.ok(screens.length >= 2, stdout)
  for (const screen of screens) assert.match(screen, /^shop {2}\x1b\[32mlive\x1b\[39m/)
})
