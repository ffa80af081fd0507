import assert from 'node:assert/strict'
import test from 'node:test'
import { startGateway } from '../helpers/process.ts'
import { startRedis } from '../helpers/redis.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { get, getMany, startApp } from './app.ts'

test('with fencing strict no worker lets anybody through once Redis has been silent for the lease', async (t) => {
  const redis = await startRedis(t)
  if (!redis) return
  const app = await startApp(t)
  const gateway = await startGateway(t, [
    ...['--workers', '2', '--upstream', app.url, '--access-log', 'off'],
    ...['--store', redis.url, '--fencing', 'strict']
  ])
  await waitUntil(async () => (await get(gateway.url)) === 200)
  const slow = getMany(`${gateway.url}/slow`, 2)
  await waitUntil(() => app.open === 2)
  redis.process.signal('SIGSTOP')
  const silentMs = performance.now()
  await waitUntil(async () => (await getMany(gateway.url, 4)).every((status) => status === 503))
  assert.ok(performance.now() - silentMs < 5000, 'closed before the lease has run out')
  // What was under way is ended with the lease.
  await waitUntil(() => app.open === 0)
  assert.ok(performance.now() - silentMs < 6000)
  assert.deepEqual(await slow, [503, 503])
  redis.process.signal('SIGCONT')
  await waitUntil(async () => (await getMany(gateway.url, 4)).every((status) => status === 200))
})
