/** A minute without Redis (a few seconds by default), under traffic, and what comes after it. */
import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DEFAULT_TIMING } from '../../src/fleet/timing.ts'
import { callGateway } from '../helpers/gateway-status.ts'
import { ask, load, summary, unexpected } from '../helpers/load.ts'
import { type GatewayProcess, intermission, startGateway } from '../helpers/process.ts'
import { type RedisServer, startRedis } from '../helpers/redis.ts'
import { sized } from '../helpers/scale.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { httpUpstream } from '../helpers/upstream.ts'

const GONE_MS = sized(6000, 60_000)
const CONNECTIONS = 4
/** For an answer of the admin API that has nothing to wait for, on a busy machine. */
const SOON_MS = 1500
/** Until a member notices that Redis is there again, and two beats. */
const RESTORED_MS = DEFAULT_TIMING.reconnectMs + 2 * 1.2 * DEFAULT_TIMING.beatMs
const DOC = 'im:{default}:doc'

async function startFleet(
  t: TestContext,
  redis: RedisServer
): Promise<{ one: GatewayProcess; start(): Promise<GatewayProcess> }> {
  const app = await httpUpstream(t, async (request, response) => {
    for await (const _ of request);
    await sleep(10)
    response.end('from the app')
  })
  const args = ['--store', redis.url, '--upstream', app.url, '--access-log', 'off']
  const start = (): Promise<GatewayProcess> => startGateway(t, args)
  const one = await start()
  await waitUntil(async () => (await ask(one.url, {})).status === 200)
  return { one, start }
}

test(`traffic flows while Redis is gone for ${GONE_MS / 1000} s, nothing blocks, and a change fails at once`, async (t) => {
  const redis = await startRedis(t)
  if (!redis) return
  const { one } = await startFleet(t, redis)
  let isOver = false
  const loading = load({
    url: one.url,
    connections: CONNECTIONS,
    ask: (n) => (n % 2 === 0 ? { path: `/${n}` } : { method: 'POST', path: `/${n}`, body: `${n}` }),
    more: () => !isOver
  })
  await sleep(500)
  await redis.kill9()
  const goneMs = Date.now()
  while (Date.now() < goneMs + GONE_MS) {
    await sleep(1000)
    const askedMs = performance.now()
    const { store } = (await callGateway(one, 'GET', '/status')) as {
      store: { reachable: boolean; staleSince: string }
    }
    assert.ok(performance.now() - askedMs < SOON_MS, 'status does not wait')
    assert.equal(store.reachable, false)
    assert.ok(Math.abs(Date.parse(store.staleSince) - goneMs) < 2500, `stale since ${store.staleSince}`)
  }
  const admin = ['--admin', new URL(one.adminUrl).host, '--state-dir', one.stateDir]
  const entered = await intermission(t, ['enter', ...admin])
  assert.equal(entered.code, 4)
  assert.match(entered.stderr, new RegExp(`Redis at 127\\.0\\.0\\.1:${redis.port}`))
  const shown = await intermission(t, ['status', ...admin])
  assert.match(shown.stdout, /since/)
  isOver = true
  const report = await loading
  t.diagnostic(summary(report))
  assert.equal(unexpected(report, /^(?:GET|POST) 200$/), 0)
  assert.ok(report.longestMs < 2000, `an answer took ${report.longestMs} ms`)
})

test('a closed site stays closed while Redis is gone, is closed again in an empty Redis, and for a newcomer from its first request', async (t) => {
  const redis = await startRedis(t)
  if (!redis) return
  const { one, start } = await startFleet(t, redis)
  await callGateway(one, 'PUT', '/maintenance', { message: 'back soon' })
  const body = await redis.cli('HGET', DOC, 'body')
  let isOver = false
  const loading = load({
    url: one.url,
    connections: 1,
    ask: (n) => ({ path: `/${n}` }),
    more: () => !isOver
  })
  await redis.kill9()
  await sleep(GONE_MS / 2)
  await redis.restart({ empty: true })
  const backMs = performance.now()
  const starting = start()
  while ((await redis.cli('HGET', DOC, 'body')) !== body) {
    assert.ok(performance.now() - backMs < RESTORED_MS + 2000, 'it was put back')
    await sleep(50)
  }
  const tookMs = performance.now() - backMs
  t.diagnostic(`put back after ${Math.round(tookMs)} ms`)
  const two = await starting
  const seen = new Set<string>()
  for (const endMs = performance.now() + 5000; performance.now() < endMs; ) {
    const { status, reason } = await ask(two.url, {})
    seen.add(`${status} ${reason}`)
    if (reason === 'maintenance') break
    await sleep(5)
  }
  seen.delete('503 starting')
  assert.deepEqual([...seen], ['503 maintenance'])
  isOver = true
  assert.equal(unexpected(await loading, /^GET 503 maintenance$/), 0)
})
