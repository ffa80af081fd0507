import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { packageRoot } from '../../src/package-root.ts'
import { openBrowser } from '../examples/browser.ts'
import { assertUnharmed, settled } from '../helpers/gateway-status.ts'
import { type LoadReport, type LoadRequest, load, summary, unexpected } from '../helpers/load.ts'
import { type GatewayProcess, type Running, run, startGateway, startProcess } from '../helpers/process.ts'
import { sized } from '../helpers/scale.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { DEBIAN_PYTHON, requirePythonModule, requireTool } from '../helpers/tools.ts'

const RELOADS = sized(3, 20)
const CONNECTIONS = 8
const WORKERS = 2
const START_WITHIN_MS = 30_000
const folder = join(packageRoot, 'examples/django')

interface Site {
  gunicorn: Running
  gateway: GatewayProcess
  start(): Promise<Running>
}

/** The Django example under Gunicorn, with workers of one kind, and the gateway in front. */
async function startSite(t: TestContext, bind: string, worker: string[]): Promise<Site> {
  const data = tempDir(t)
  const env = { DJANGO_DATA: data, PYTHONDONTWRITEBYTECODE: '1' }
  const migrated = await run(t, DEBIAN_PYTHON, ['app.py', 'migrate', '--verbosity', '0'], {
    cwd: folder,
    env
  })
  assert.equal(migrated.code, 0, migrated.stderr)
  // Said once the app is loaded: until then a new worker answers nobody.
  const config = join(data, 'gunicorn.conf.py')
  writeFileSync(config, 'def post_worker_init(worker):\n    worker.log.info("worker ready")\n')
  const address = bind === 'unix' ? `unix:${join(data, 'app.sock')}` : '127.0.0.1:0'
  let bound = address
  const start = async (): Promise<Running> => {
    const args = [
      '-m',
      'gunicorn',
      '--config',
      config,
      '--workers',
      String(WORKERS),
      ...worker,
      '--bind',
      bound,
      'app'
    ]
    const gunicorn = startProcess(t, DEBIAN_PYTHON, args, { cwd: folder, env, group: true })
    const listening = await gunicorn.waitFor(/Listening at: (?:http:\/\/)?(\S+)/)
    if (bind !== 'unix') bound = listening
    await ready(gunicorn, 1)
    return gunicorn
  }
  const gunicorn = await start()
  const upstream = bind === 'unix' ? address : `http://${bound}`
  const gateway = await startGateway(t, ['--upstream', upstream, '--access-log', 'off'])
  return { gunicorn, gateway, start }
}

/** Waits until the workers of so many starts and reloads can answer. */
async function ready(gunicorn: Running, times: number): Promise<void> {
  const said = (): number => gunicorn.stdout.concat(gunicorn.stderr).split('worker ready').length - 1
  const untilMs = performance.now() + START_WITHIN_MS
  while (said() < times * WORKERS) {
    assert.ok(performance.now() < untilMs, 'the workers did not start')
    await sleep(20)
  }
}

/** Visits the home page and sends its form, by turns, until `until` settles. */
async function visit(gateway: GatewayProcess, until: Promise<unknown>): Promise<LoadReport> {
  const home = await openBrowser(gateway.url).get('/')
  const token = home.field('csrfmiddlewaretoken')
  const cookie = home.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  let over = false
  void until.finally(() => {
    over = true
  })
  const form = { 'content-type': 'application/x-www-form-urlencoded', cookie }
  const ask = (n: number): LoadRequest =>
    n % 3 === 2
      ? { method: 'POST', path: '/say', headers: form, body: `csrfmiddlewaretoken=${token}&text=number-${n}` }
      : { path: '/' }
  return load({
    url: gateway.url,
    connections: CONNECTIONS,
    ask,
    more: () => !over,
    onAnswer({ status, body }, n) {
      if (status === 200 && n % 3 === 2) assert.match(body, new RegExp(`<q>number-${n}</q>`))
    }
  })
}

for (const [bind, name, worker] of [
  ['unix', 'sync', []],
  ['tcp', 'sync', []],
  ['unix', 'gthread', ['--worker-class', 'gthread', '--threads', '4', '--keep-alive', '1']],
  ['tcp', 'gthread', ['--worker-class', 'gthread', '--threads', '4', '--keep-alive', '1']]
] as const) {
  test(`Django under Gunicorn's ${name} workers on ${bind} is reloaded under load, killed and started again`, async (t) => {
    if (!requireTool(t, 'gunicorn') || !requirePythonModule(t, 'django')) return
    const { gunicorn, gateway, start } = await startSite(t, bind, [...worker])

    await t.test('a graceful reload is not noticed', async (t) => {
      const report = await visit(
        gateway,
        (async () => {
          for (let n = 1; n <= RELOADS; n++) {
            await sleep(500)
            process.kill(gunicorn.pid, 'SIGHUP')
            await ready(gunicorn, n + 1)
            await sleep(500)
          }
        })()
      )
      t.diagnostic(`${RELOADS} reloads: ${summary(report)}`)
      assert.equal(unexpected(report, /^(GET|POST) 200$/), 0, summary(report))
    })

    await t.test('after kill -9 everybody is told 502, and after its start served', async (t) => {
      let after = Number.POSITIVE_INFINITY
      const report = await visit(
        gateway,
        (async () => {
          await sleep(300)
          await gunicorn.kill9()
          await sleep(500)
          await start()
          after = performance.now()
          await sleep(500)
        })()
      )
      t.diagnostic(summary(report))
      assert.equal(
        unexpected(report, /^(GET|POST) (200|502 upstream-unreachable|ECONNRESET)$/),
        0,
        summary(report)
      )
      assert.ok(Number.isFinite(after))
      assert.ok((report.outcomes['GET 200'] ?? 0) > 0)
      assert.equal((await openBrowser(gateway.url).get('/')).status, 200)
    })
    await settled(gateway, 2_000)
    assertUnharmed(gateway)
  })
}
