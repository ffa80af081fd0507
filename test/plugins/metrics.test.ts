import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import Fastify, { type FastifyInstance } from 'fastify'
import errorPages from '../../plugins/error-pages.ts'
import maintenance from '../../plugins/maintenance.ts'
import metrics from '../../plugins/metrics.ts'
import proxy from '../../plugins/proxy.ts'
import staticFirst from '../../plugins/static-first.ts'
import { METRICS } from '../../src/metrics/catalog.ts'
import { openFilesLimit } from '../../src/open-files.ts'
import { keepRawTarget } from '../../src/raw-target.ts'
import { metricValue, readMetrics } from '../helpers/metrics.ts'
import { rawClient } from '../helpers/raw-client.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import {
  okUpstream,
  refusingUpstream,
  slowUpstream,
  statusUpstream,
  tcpUpstream
} from '../helpers/upstream.ts'

const REQUESTS = 'intermission_requests_total'

test('works alone: the routes of an app are counted by class of status, and the text is served', async (t) => {
  const app = Fastify()
  await app.register(metrics, { path: '/metrics' })
  app.get('/', () => 'hello')
  app.get('/broken', (_request, reply) => reply.code(500).send('no'))
  const url = await app.listen({ port: 0 })
  t.after(() => app.close())
  for (const path of ['/', '/', '/broken', '/nowhere']) await (await fetch(url + path)).text()
  const answer = await fetch(`${url}/metrics`)
  assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  const text = await answer.text()
  const count = (code: string): number | undefined =>
    metricValue(text, REQUESTS, { site: 'default', code, answered_by: 'app', reason: '' })
  assert.deepEqual(['2xx', '4xx', '5xx', '1xx'].map(count), [2, 1, 1, undefined])
  const duration = { site: 'default', answered_by: 'app' }
  assert.equal(metricValue(text, 'intermission_request_duration_seconds_count', duration), 4)
  assert.equal(
    metricValue(text, 'intermission_request_duration_seconds_bucket', { ...duration, le: '+Inf' }),
    4
  )
  assert.ok(metricValue(text, 'process_resident_memory_bytes')! > 1e6)
})

/** All plugins, as the gateway has them. */
async function gateway(
  t: Cleanup,
  upstream: string,
  root?: string
): Promise<{ app: FastifyInstance; port: number }> {
  const app = Fastify({ rewriteUrl: keepRawTarget, return503OnClosing: false })
  await app.register(metrics)
  await app.register(errorPages)
  await app.register(maintenance)
  if (root !== undefined) await app.register(staticFirst, { root })
  await app.register(proxy, { upstream, interceptErrors: [599], responseTimeoutMs: 300 })
  await app.listen({ port: 0 })
  t.after(() => app.close())
  const address = app.server.address()
  return { app, port: typeof address === 'object' ? address!.port : 0 }
}

test('answers of the app, files and what the gateway says itself are told apart, with its reasons', async (t) => {
  const root = tempDir(t)
  writeFileSync(join(root, 'a.txt'), 'a file')
  const own = await statusUpstream(t, 500)
  const intercepted = await statusUpstream(t, 599)
  const slow = await slowUpstream(t, 2000)
  const ask = async (upstream: string, path: string, enter = false): Promise<string> => {
    const { app, port } = await gateway(t, upstream, root)
    if (enter) await app.maintenance.enter({})
    await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
    const lines = app.metrics
      .text()
      .split('\n')
      .filter((line) => line.startsWith(REQUESTS))
    return lines.join()
  }
  const line = (code: string, answeredBy: string, reason: string): string =>
    `${REQUESTS}{site="default",code="${code}",answered_by="${answeredBy}",reason="${reason}"} 1`
  assert.equal(await ask(own.url, '/x'), line('5xx', 'app', ''))
  assert.equal(await ask(own.url, '/a.txt'), line('2xx', 'files', ''))
  assert.equal(await ask(intercepted.url, '/'), line('5xx', 'gateway', 'intercepted'))
  assert.equal(await ask(slow.url, '/'), line('5xx', 'gateway', 'upstream-timeout'))
  assert.equal(await ask(await refusingUpstream(), '/'), line('5xx', 'gateway', 'upstream-unreachable'))
  assert.equal(await ask(own.url, '/', true), line('5xx', 'gateway', 'maintenance'))
  assert.equal(await ask(own.url, '/%zz'), line('4xx', 'gateway', ''))
})

test('a client that leaves without an answer is counted as such, whoever would have answered', async (t) => {
  const upstream = await slowUpstream(t, 5000)
  const { app, port } = await gateway(t, upstream.url)
  const client = connect(port, '127.0.0.1')
  client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n')
  while (upstream.connections === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  client.destroy()
  const labels = { site: 'default', code: 'none', answered_by: 'nobody', reason: '' }
  while (metricValue(app.metrics.text(), REQUESTS, labels) !== 1)
    await new Promise((resolve) => setTimeout(resolve, 5))
})

test('an upgraded connection is in flight while it lasts, and counted once with its 101 when it ends', async (t) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
      socket.pipe(socket)
    })
  })
  const { app, port } = await gateway(t, upstream.url)
  const client = await rawClient(t, port)
  client.send('GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  await client.waitFor(/^HTTP\/1\.1 101 [\s\S]*\r\n\r\n/)
  client.send('ping')
  await client.waitFor(/ping$/)
  assert.equal(metricValue(app.metrics.text(), 'intermission_in_flight_requests', { site: 'default' }), 1)
  assert.equal(metricValue(app.metrics.text(), 'intermission_tunnels', { site: 'default' }), 1)
  assert.ok(!app.metrics.text().includes(REQUESTS))
  client.socket.end()
  await client.ended()
  const labels = { site: 'default', code: '1xx', answered_by: 'app', reason: '' }
  while (metricValue(app.metrics.text(), REQUESTS, labels) !== 1)
    await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(metricValue(app.metrics.text(), 'intermission_in_flight_requests', { site: 'default' }), 0)
})

test('requests that wait at the gate and those that pass it are told while they do', async (t) => {
  const upstream = await slowUpstream(t, 200)
  const { app, port } = await gateway(t, upstream.url)
  const value = (name: string, labels = {}): number | undefined =>
    metricValue(app.metrics.text(), `intermission_${name}`, { site: 'default', ...labels })
  const held = { held_by: 'gate' }
  await app.maintenance.enter({ mode: 'hold' })
  const waiting = fetch(`http://127.0.0.1:${port}/`)
  while (value('held_requests', held) !== 1) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.deepEqual([value('held_requests', { held_by: 'upstream' }), value('bypassed_requests')], [0, 0])
  const passing = fetch(`http://127.0.0.1:${port}/.well-known/acme-challenge/x`)
  while (value('bypassed_requests') !== 1) await new Promise((resolve) => setTimeout(resolve, 5))
  await (await passing).text()
  await app.maintenance.leave()
  await (await waiting).text()
  while (value('bypassed_requests') !== 0) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(value('held_requests', held), 0)
})

test('the mode, since when, an end that has passed and the state of the upstreams are told', async (t) => {
  const upstream = await okUpstream(t)
  const { app, port } = await gateway(t, upstream.url)
  const value = (name: string, labels: object): number | undefined =>
    metricValue(app.metrics.text(), `intermission_${name}`, { site: 'default', ...labels })
  assert.deepEqual([value('mode', { mode: 'live' }), value('mode', { mode: 'maintenance' })], [1, 0])
  const { since } = await app.maintenance.enter({ for: '1s', onExpiry: 'stay' })
  assert.deepEqual([value('mode', { mode: 'live' }), value('mode', { mode: 'maintenance' })], [0, 1])
  assert.equal(value('mode_since_timestamp_seconds', {}), Date.parse(since) / 1000)
  while (value('overdue', {}) !== 1) await new Promise((resolve) => setTimeout(resolve, 10))
  await app.maintenance.leave()
  assert.equal(value('overdue', {}), 0)

  const of = { upstream: upstream.url }
  assert.equal(value('upstream_breaker', { ...of, state: 'closed' }), 1)
  assert.equal(value('upstream_healthy', of), 1)
  await upstream.stop()
  await (await fetch(`http://127.0.0.1:${port}/`)).text()
  assert.equal(value('upstream_breaker', { ...of, state: 'closed' }), 0)
})

test('no client can make more lines: neither by paths, methods, hosts nor fields', async (t) => {
  const upstream = await okUpstream(t)
  const { app, port } = await gateway(t, upstream.url)
  const ask = async (n: number): Promise<void> => {
    const client = await rawClient(t, port)
    const method = ['GET', 'PUT', 'PURGE', 'POST'][n % 4]
    client.send(
      `${method} /p${n} HTTP/1.1\r\nHost: h${n}\r\nUser-Agent: u${n}\r\nX-${n}: y\r\nConnection: close\r\n\r\n`
    )
    await client.ended()
  }
  for (let n = 0; n < 8; n++) await ask(n)
  const lines = (): number => app.metrics.text().split('\n').length
  const before = lines()
  for (let n = 8; n < 200; n++) await ask(n)
  assert.equal(lines(), before)
})

test('every metric has its help and its type before its first value, and is in the catalog', async (t) => {
  const upstream = await okUpstream(t)
  const { app, port } = await gateway(t, upstream.url)
  await (await fetch(`http://127.0.0.1:${port}/`)).text()
  assert.equal(metricValue(app.metrics.text(), 'process_max_fds'), openFilesLimit())
  for (const { name, type, help } of readMetrics(app.metrics.text())) {
    const known = METRICS[name as keyof typeof METRICS]
    assert.deepEqual([type, help], [known.type, known.help], name)
  }
})

test('a path or a site that cannot be is refused', async () => {
  for (const options of [{ path: 'metrics' }, { path: 5 }, { site: '' }] as object[]) {
    await assert.rejects(async () => Fastify().register(metrics, options), /is not allowed; expected/)
  }
})
