import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import maintenance from '../../plugins/maintenance.ts'
import proxy from '../../plugins/proxy.ts'
import { closedSite } from '../helpers/closed.ts'
import { rawExchange } from '../helpers/raw-client.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { httpUpstream } from '../helpers/upstream.ts'

const SAFE = ['GET', 'HEAD', 'OPTIONS', 'PROPFIND', 'REPORT', 'SEARCH']
const UNSAFE = ['POST', 'PUT', 'PATCH', 'DELETE', 'MKCOL', 'LOCK', 'PROPPATCH', 'PURGE', 'LINK']

test('read-only lets through what only reads, and answers what changes something with 503', async (t) => {
  const { site, ask, upstream } = await closedSite(t)
  await site.enter({ mode: 'read-only', message: 'Look, but do not touch' })
  for (const method of SAFE) {
    const { status, reason, mode } = await ask('/x', { method })
    assert.deepEqual([status, reason, mode], [200, undefined, undefined], method)
  }
  const seen = upstream.seen.length
  for (const method of UNSAFE) {
    const { status, reason } = await ask('/x', { method, body: 'x' })
    assert.deepEqual([status, reason], [503, 'read-only'], method)
  }
  const json = await ask('/x', { method: 'POST', headers: { accept: 'application/json' } })
  const problem = JSON.parse(json.body) as Record<string, unknown>
  assert.deepEqual([problem.reason, problem.message], ['read-only', 'Look, but do not touch'])
  assert.equal(upstream.seen.length, seen)
})

test('in read-only a WebSocket is refused, for nobody sees what is written there; declined HTTP/2 is a GET', async (t) => {
  const { site, port } = await closedSite(t)
  await site.enter({ mode: 'read-only' })
  const upgrade = (protocol: string): string =>
    `GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, close\r\nUpgrade: ${protocol}\r\n\r\n`
  assert.match(await rawExchange(t, port, upgrade('websocket')), /^HTTP\/1\.1 503 /)
  assert.match(await rawExchange(t, port, upgrade('h2c')), /^HTTP\/1\.1 200 /)
})

test('exceptions stay open in every mode, read exactly', async (t) => {
  const { site, ask } = await closedSite(t)
  for (const mode of ['read-only', 'maintenance'] as const) {
    await site.enter({ mode, exceptPaths: ['/login', '/api/public/*'] })
    for (const target of ['/login', '/login?next=/', '/api/public/a']) {
      const answer = await ask(target, { method: 'POST', body: 'x' })
      assert.deepEqual([answer.status, answer.mode], [200, undefined], target)
    }
    for (const target of [
      '/login/',
      '/LOGIN',
      '/login;x',
      '/api/public/../private',
      '/api/public/..%2fprivate'
    ])
      assert.equal((await ask(target, { method: 'POST', body: 'x' })).status, 503, target)
  }
})

test('a mode that is limited to paths closes them however they are spelled, and nothing else', async (t) => {
  const { site, ask } = await closedSite(t)
  await site.enter({ paths: ['/shop/*', '/cart'], exceptPaths: ['/shop/imprint'] })
  for (const target of [
    '/shop',
    '/shop/a',
    '/SHOP/a',
    '//shop/a',
    '/x/../shop/a',
    '/%73hop/a',
    '/cart/',
    '/cart;a=b'
  ])
    assert.equal((await ask(target)).status, 503, target)
  for (const target of ['/', '/shopping', '/x/shop', '/carts', '/?/shop/a', '/shop/imprint'])
    assert.equal((await ask(target)).status, 200, target)
  await site.enter({ mode: 'read-only', paths: ['/shop/*'] })
  assert.equal((await ask('/shop/a')).status, 200)
  assert.equal((await ask('/shop/a', { method: 'POST' })).status, 503)
  assert.equal((await ask('/other', { method: 'POST' })).status, 200)
})

test('from one mode to another there is no moment in which everything is open', async (t) => {
  const { site, ask, upstream } = await closedSite(t)
  await site.enter()
  let asking = true
  const statuses = new Set<string>()
  const visitor = async (): Promise<void> => {
    while (asking) {
      const { status, reason } = await ask('/', { method: 'POST', body: 'x' })
      statuses.add(`${status} ${reason}`)
    }
  }
  const visitors = Array.from({ length: 4 }, visitor)
  for (let round = 0; round < 25; round++) {
    await site.enter({ mode: 'read-only' })
    await site.enter({ mode: 'hold', maxWait: '5ms' })
    await site.enter({ mode: 'maintenance' })
  }
  asking = false
  await Promise.all(visitors)
  assert.equal(upstream.seen.length, 0)
  for (const status of statuses) assert.match(status, /^503 (?:maintenance|read-only|hold-timeout)$/)
})

test('while the mode is not known everything is answered 503, but for the status and what is configured to pass', async (t) => {
  const { site, ask } = await closedSite(t, { bypassPaths: ['/healthz'], probePaths: ['/up'] })
  Object.defineProperty(site, 'isKnown', { value: false, configurable: true })
  const answer = await ask('/')
  assert.deepEqual([answer.status, answer.reason, answer.headers['retry-after']], [503, 'starting', '5'])
  const status = await ask('/.intermission/status')
  assert.deepEqual([status.status, (JSON.parse(status.body) as { state: string }).state], [200, 'starting'])
  const passed = await ask('/healthz')
  assert.deepEqual([passed.status, passed.mode], [200, 'starting'])
  // Others should serve in its place, so a load balancer is not told that all is well.
  assert.equal((await ask('/up')).status, 503)
  delete (site as { isKnown?: boolean }).isKnown
  assert.equal((await ask('/')).status, 200)
})

test('a site that opens once it is healthy asks the app itself, though no visitor does', async (t) => {
  for (const healthCheck of [undefined, '/healthz']) {
    let isWell = false
    const upstream = await httpUpstream(t, (request, response) => {
      response.writeHead(request.url === '/healthz' && !isWell ? 500 : 200).end()
    })
    const app = Fastify()
    t.after(() => app.close())
    await app.register(maintenance)
    await app.register(proxy, {
      upstream: upstream.url,
      ...(healthCheck === undefined ? {} : { healthCheck })
    })
    await app.ready()
    await upstream.stop()
    await app.maintenance.enter({ for: '1s', onExpiry: 'leave-if-healthy' })
    await sleep(1500)
    assert.deepEqual([app.maintenance.state.mode, app.maintenance.isOverdue], ['maintenance', true])
    await upstream.start()
    if (healthCheck !== undefined) {
      assert.equal(await app.proxy.isHealthy(), false)
      isWell = true
    }
    assert.equal(await app.proxy.isHealthy(), true)
    await waitUntil(() => app.maintenance.state.mode === 'live')
  }
})
