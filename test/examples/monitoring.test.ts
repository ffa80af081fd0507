import assert from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { parse, stringify } from 'yaml'
import { METRICS } from '../../src/metrics/catalog.ts'
import { packageRoot } from '../../src/package-root.ts'
import { type Finished, type GatewayProcess, run, startGateway, startProcess } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { requireTool } from '../helpers/tools.ts'
import { okUpstream, refusingUpstream } from '../helpers/upstream.ts'

const DIR = join(packageRoot, 'examples/monitoring')
const read = (name: string): string => readFileSync(join(DIR, name), 'utf8')

interface Dashboard {
  panels: { title: string; targets: { expr: string }[] }[]
  annotations: { list: { expr: string }[] }
}
interface Rules {
  groups: { rules: { alert: string; expr: string }[] }[]
}

/** Every query of the dashboard, with values in place of Grafana's variables. */
function queries(): string[] {
  const { panels, annotations } = JSON.parse(read('grafana-dashboard.json')) as Dashboard
  const all = [...panels.flatMap(({ targets }) => targets), ...annotations.list]
  return all.map(({ expr }) => expr.replaceAll('$__rate_interval', '1m').replaceAll('$site', '.*'))
}

function alerts(): Rules['groups'][number]['rules'] {
  return (parse(read('alerts.yml')) as Rules).groups.flatMap(({ rules }) => rules)
}

test('the dashboard and the alerts name metrics and labels that there are', () => {
  const LABELS = ['instance', 'job', 'le']
  for (const query of [...queries(), ...alerts().map(({ expr }) => expr)]) {
    const names = query.match(/\b(?:intermission|process|nodejs)_\w+/g) ?? []
    assert.ok(names.length > 0 || query.startsWith('up{'), query)
    for (const name of names) {
      const family = name.replace(/_(bucket|sum|count)$/, '')
      const metric = METRICS[family as keyof typeof METRICS]
      assert.ok(metric, `${name} in ${query}`)
      assert.equal(metric.type === 'histogram', name !== family, name)
    }
    const known = new Set([
      ...LABELS,
      ...names.flatMap((name) => METRICS[name.replace(/_bucket$/, '') as keyof typeof METRICS].labels ?? [])
    ])
    for (const [, label = ''] of query.matchAll(/(\w+)(?:=|!=|=~|!~)"/g))
      assert.ok(known.has(label), `${label} in ${query}`)
    for (const [, by = ''] of query.matchAll(/(?:by|on) \(([^)]*)\)/g))
      for (const label of by.split(', ')) assert.ok(known.has(label), `${label} in ${query}`)
  }
})

test('promtool finds the configuration and the alerts valid, and the tests of the alerts pass', async (t) => {
  const promtool = requireTool(t, 'promtool')
  if (promtool === undefined) return
  const check = (...args: string[]): Promise<Finished> => succeed(run(t, promtool, args, { cwd: DIR }))
  await check('check', 'rules', '--lint=all', '--lint-fatal', 'alerts.yml')
  await check('check', 'config', '--syntax-only', 'prometheus.yml')
  await check('test', 'rules', 'alerts.test.yml')
})

test('Prometheus scrapes a gateway as the example says, and answers every query and alert', async (t) => {
  const prometheus = requireTool(t, 'prometheus')
  const promtool = requireTool(t, 'promtool')
  if (prometheus === undefined || promtool === undefined) return
  const upstream = await okUpstream(t)
  const gateway = await startGateway(t, ['--upstream', upstream.url, '--upstream', await refusingUpstream()])
  for (let n = 0; n < 20; n++) await (await fetch(gateway.url)).text()

  const text = await scrape(gateway)
  const dir = tempDir(t)
  writeFileSync(join(dir, 'metrics.txt'), text)
  await succeed(run(t, 'sh', ['-c', `${promtool} check metrics < metrics.txt`], { cwd: dir }))

  const server = await startPrometheus(t, prometheus, dir, gateway)
  const count = 'sum(intermission_requests_total{answered_by="app"})'
  for (let tries = 0; (await ask(server, count))[0] !== '20'; tries++) {
    assert.ok(tries < 100, JSON.stringify(await ask(server, count)))
    await sleep(100)
  }
  assert.deepEqual(await ask(server, 'up{job="intermission"}'), ['1'])
  for (const query of queries()) await ask(server, query)
  for (const { expr } of alerts()) await ask(server, expr)
  // Each number is there from the first scrape on, so that no panel and no alert waits for one.
  assert.deepEqual(await ask(server, 'max by (mode) (intermission_mode{mode="live"})'), ['1'])
  assert.deepEqual(await ask(server, 'sum(intermission_upstream_breaker{state="closed"})'), ['1'])
  assert.deepEqual(await ask(server, 'intermission_members{state="live"}'), ['1'])
  assert.deepEqual(await ask(server, 'intermission_store_reachable'), ['1'])
})

async function startPrometheus(
  t: Cleanup,
  command: string,
  dir: string,
  gateway: GatewayProcess
): Promise<string> {
  const config = parse(read('prometheus.yml')) as {
    global: object
    scrape_configs: [{ authorization: object; static_configs: object }]
  }
  config.global = { scrape_interval: '200ms' }
  config.scrape_configs[0].authorization = { credentials_file: join(gateway.stateDir, 'admin-token') }
  config.scrape_configs[0].static_configs = [{ targets: [new URL(gateway.adminUrl).host] }]
  writeFileSync(join(dir, 'prometheus.yml'), stringify(config))
  copyFileSync(join(DIR, 'alerts.yml'), join(dir, 'alerts.yml'))
  const port = await freePort()
  const args = [
    '--config.file=prometheus.yml',
    '--storage.tsdb.path=data',
    `--web.listen-address=127.0.0.1:${port}`
  ]
  const server = startProcess(t, command, args, { cwd: dir })
  await server.waitFor(/Server is ready to receive web requests/)
  return `http://127.0.0.1:${port}`
}

/** The values of an instant query; a query that cannot be understood is an error. */
async function ask(server: string, query: string): Promise<string[]> {
  const answer = await fetch(`${server}/api/v1/query?query=${encodeURIComponent(query)}`)
  const { status, error, data } = (await answer.json()) as {
    status: string
    error?: string
    data: { result: { value: [number, string] }[] }
  }
  assert.equal(status, 'success', `${error} in ${query}`)
  return data.result.map(({ value }) => value[1])
}

async function scrape({ adminUrl, stateDir }: GatewayProcess): Promise<string> {
  const token = readFileSync(join(stateDir, 'admin-token'), 'utf8').trim()
  assert.equal((await fetch(`${adminUrl}/metrics`)).status, 401)
  const answer = await fetch(`${adminUrl}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  return answer.text()
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

async function succeed(command: Promise<Finished>): Promise<Finished> {
  const finished = await command
  assert.equal(finished.code, 0, finished.stdout + finished.stderr)
  return finished
}
