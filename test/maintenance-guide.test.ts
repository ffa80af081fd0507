import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { packageRoot } from '../src/package-root.ts'
import { blocks } from './helpers/markdown.ts'
import { COMMAND, type Finished, type GatewayProcess, run, startGateway } from './helpers/process.ts'
import { type Cleanup, tempDir } from './helpers/temp-dir.ts'
import { requireTool } from './helpers/tools.ts'
import { httpUpstream, type Upstream } from './helpers/upstream.ts'

// The steps of docs/maintenance.md, run as a reader would run them, and what a visitor sees meanwhile.

const GUIDE = readFileSync(join(packageRoot, 'docs/maintenance.md'), 'utf8')

interface Stage {
  gateway: GatewayProcess
  app: Upstream
  /** Requests that the app is working on. */
  readonly running: number
  /** All that it was ever asked. */
  readonly asked: number
  /** Runs the nth block below a title. */
  follow(title: string, nth?: number): Promise<Finished>
  visit(options?: RequestInit & { path?: string }): Promise<number>
}

/**
 * A gateway, an app that takes `tookMs` for an answer, and the scripts of the guide.
 *
 * @param onScript what `restart-app.sh` and `migrate.sh` do
 */
async function stage(
  t: Cleanup,
  tookMs: number,
  onScript: (stage: Stage) => unknown = () => 0
): Promise<Stage> {
  let running = 0
  let asked = 0
  const app = await httpUpstream(t, async (_request, response) => {
    running++
    asked++
    response.on('close', () => running--)
    await sleep(tookMs)
    response.end('done')
  })
  const gateway = await startGateway(t, ['--upstream', app.url])
  const cwd = tempDir(t)
  const env = { INTERMISSION_ADMIN: gateway.adminUrl, INTERMISSION_STATE_DIR: gateway.stateDir }
  const set: Stage = {
    gateway,
    app,
    get running() {
      return running
    },
    get asked() {
      return asked
    },
    follow(title, nth = 0) {
      const part = GUIDE.split(/^## /m).find((one) => one.startsWith(`${title}\n`)) ?? ''
      const { code = '' } = blocks(part).filter(({ runs }) => runs)[nth] ?? {}
      assert.notEqual(code, '', title)
      const script = `set -e\n${code.replaceAll('npx intermission', COMMAND)}`
      return run(t, 'bash', ['-c', script], { cwd, env })
    },
    async visit({ path = '/', ...options } = {}) {
      const answer = await fetch(gateway.url + path, options)
      await answer.body?.cancel()
      return answer.status
    }
  }
  const control = createServer((_request, response) => {
    void Promise.resolve(onScript(set)).then(() => response.end())
  })
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve))
  t.after(() => control.close())
  const { port } = control.address() as AddressInfo
  for (const name of ['restart-app.sh', 'migrate.sh']) {
    writeFileSync(join(cwd, name), `#!/bin/sh\nexec curl -sS http://127.0.0.1:${port}\n`)
    chmodSync(join(cwd, name), 0o755)
  }
  return set
}

function succeeded({ code, stdout, stderr }: Finished): string {
  assert.equal(code, 0, stdout + stderr)
  return stdout
}

test('a deploy: nobody sees that the app was restarted', async (t) => {
  if (!requireTool(t, 'bash') || !requireTool(t, 'curl')) return
  const set = await stage(t, 50, async ({ app, ...rest }) => {
    assert.equal(rest.running, 0)
    await app.stop()
    await sleep(500)
    await app.start()
  })
  let isOver = false
  const statuses: Promise<number>[] = []
  const visitors = (async () => {
    while (!isOver) {
      statuses.push(set.visit({ method: 'POST', body: 'x' }))
      await sleep(50)
    }
  })()
  await sleep(200)
  succeeded(await set.follow('A deploy'))
  await sleep(200)
  isOver = true
  await visitors
  const seen = await Promise.all(statuses)
  assert.deepEqual([...new Set(seen)], [200])
  assert.equal(set.asked, seen.length, 'and none was sent twice')
})

test('a migration: it begins when the app is idle, and visitors get the page until it is over', async (t) => {
  if (!requireTool(t, 'bash') || !requireTool(t, 'curl')) return
  const during: number[] = []
  const set = await stage(t, 2000, async (the) => {
    during.push(the.running, await the.visit())
  })
  const early = set.visit()
  while (set.running === 0) await sleep(10)
  const done = set.follow('A migration')
  const stdout = succeeded(await done)
  assert.deepEqual(during, [0, 503])
  assert.equal(await early, 200, 'who had asked before was answered')
  assert.match(stdout, /^maintenance [\s\S]*Back at nine[\s\S]*^live /m)
  assert.equal(await set.visit(), 200)
})

test('testers pass by a link while everybody else gets the page', async (t) => {
  if (!requireTool(t, 'bash') || !requireTool(t, 'curl')) return
  const set = await stage(t, 0)
  succeeded(await set.follow('An emergency'))
  const { stdout, stderr, code } = await set.follow('A migration', 1)
  assert.equal(code, 0, stderr)
  const [url = ''] = stdout.split('\n')
  assert.ok(url.startsWith(`${set.gateway.url}/.intermission/bypass?token=`), stdout)
  assert.match(stdout, /^ {2}label +testers$/m)
  const jar = join(tempDir(t), 'jar')
  const args = ['-sSL', '--cookie-jar', jar, '--cookie', jar, '-w', ' %{http_code} %{url_effective}', url]
  const passed = await run(t, 'curl', args)
  assert.equal(passed.stdout, `done 200 ${set.gateway.url}/`)
  assert.equal(await set.visit(), 503)

  const token = decodeURIComponent(url.split('token=')[1]!)
  assert.equal(await set.visit({ headers: { 'intermission-bypass': token } }), 200)
  const [, id = ''] = /link (\w+) is good until/.exec(stderr) ?? []
  const env = { INTERMISSION_ADMIN: set.gateway.adminUrl, INTERMISSION_STATE_DIR: set.gateway.stateDir }
  succeeded(await run(t, 'bash', ['-c', `${COMMAND} link revoke ${id}`], { env }))
  assert.equal(await set.visit({ headers: { 'intermission-bypass': token } }), 503)
  assert.match((await run(t, 'curl', args)).stdout, / 403 /)
})

test('an emergency: what is still running after its time is cut', async (t) => {
  if (!requireTool(t, 'bash')) return
  const set = await stage(t, 60_000)
  const stuck = set.visit().catch(() => 'cut')
  while (set.running === 0) await sleep(10)
  const startMs = performance.now()
  const { code, stdout } = await set.follow('An emergency')
  assert.equal(code, 3, 'the app may be at it all the same')
  assert.ok(performance.now() - startMs > 4500, 'it had five seconds')
  assert.match(stdout, /^maintenance /)
  assert.ok(['cut', 502, 503].includes(await stuck))
  assert.equal(set.running, 0)
})

test('a planned window and a mode that only lets visitors read', async (t) => {
  if (!requireTool(t, 'bash')) return
  const set = await stage(t, 0)
  const stdout = succeeded(await set.follow('A planned window'))
  assert.match(stdout, /^w\w+ {2}maintenance of every site\n[\s\S]*\n {2}message +Back at four\n/)
  const status = await fetch(`${set.gateway.url}/.intermission/status`)
  const { next } = (await status.json()) as { next: { message: string } }
  assert.equal(next.message, 'Back at four')
  assert.match(
    succeeded(await set.follow('Reading only')),
    /^read-only [\s\S]*^ {2}open +\/login$[\s\S]*^live /m
  )
})
