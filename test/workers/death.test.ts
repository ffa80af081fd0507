import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { callGateway, inFlight } from '../helpers/gateway-status.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { get, getMany, startApp, workersOf } from './app.ts'

/** How long after the kill -9 of a worker the numbers have to be true again. */
const TRUTH_WITHIN_MS = 1000

/** Enters maintenance. @returns what came of the wait for the drain */
async function close(gateway: GatewayProcess, timeout: string): Promise<unknown> {
  const { wait } = await callGateway(gateway, 'PUT', '/maintenance', { wait: 'drained', timeout })
  return (wait as { outcome: string }).outcome
}

test('kill -9 of a worker under load costs its own requests only, and within a second the numbers are true', async (t) => {
  const app = await startApp(t)
  const gateway = await startGateway(t, [
    ...['--workers', '4', '--upstream', app.url, '--access-log', 'off', '--abandoned-timeout', '1s']
  ])
  const slow = getMany(`${gateway.url}/slow`, 8)
  await waitUntil(() => app.open === 8)
  await waitUntil(async () => (await inFlight(gateway)) === 8)
  const results: (number | string)[] = []
  let isOver = false
  const load = Array.from({ length: 8 }, async () => {
    while (!isOver) results.push(await get(gateway.url))
  })
  await sleep(300)
  const [victim] = workersOf(gateway) as [number]
  process.kill(victim, 'SIGKILL')
  const killedMs = performance.now()
  // Slow ones of the three that are left, and what the load has under way.
  let seen = await inFlight(gateway)
  while (seen < 6 || seen > 6 + 8 || app.open !== 6) {
    assert.ok(performance.now() - killedMs < TRUTH_WITHIN_MS, `${seen} in flight, ${app.open} in the app`)
    seen = await inFlight(gateway)
  }
  await waitUntil(() => workersOf(gateway).length === 4)
  isOver = true
  await Promise.all(load)
  await waitUntil(async () => (await inFlight(gateway)) === 6)
  const failed = results.filter((result) => result !== 200)
  assert.ok(!failed.includes('ECONNREFUSED'), 'the port never refuses')
  assert.ok(failed.length <= 8, `${failed.length} of ${results.length}: ${[...new Set(failed)]}`)
  app.release()
  assert.equal((await slow).filter((result) => result === 200).length, 6)
  assert.equal(await close(gateway, '5s'), 'complete')
})

test('what a killed worker had at the app is waited for like what was given up, and shown', async (t) => {
  const app = await startApp(t)
  const gateway = await startGateway(t, [
    ...['--workers', '2', '--upstream', app.url, '--access-log', 'off', '--abandoned-timeout', '3s']
  ])
  const given = async (): Promise<string> => {
    const { inFlight: under, abandoned } = await callGateway(gateway, 'GET', '/status')
    return `${under} ${abandoned}`
  }
  const slow = getMany(`${gateway.url}/slow`, 4)
  await waitUntil(async () => (await given()) === '4 0')
  process.kill(workersOf(gateway)[0] as number, 'SIGKILL')
  const killedMs = performance.now()
  await waitUntil(async () => (await given()) === '2 2')
  const { wait } = await callGateway(gateway, 'PUT', '/maintenance', { wait: 'drained', timeout: '300ms' })
  const { outcome, drained, inFlight: running, abandoned } = wait as Record<string, unknown>
  assert.deepEqual([outcome, drained, running, abandoned], ['not-proven', 0, 2, 2])
  app.release()
  await slow
  assert.equal(await close(gateway, '10s'), 'complete')
  assert.ok(performance.now() - killedMs > 2900)
  assert.equal(await given(), '0 0')
})

test('a drain goes on when one of the workers that it waits for is killed', async (t) => {
  const app = await startApp(t)
  const gateway = await startGateway(t, [
    ...['--workers', '2', '--upstream', app.url, '--access-log', 'off', '--abandoned-timeout', '2s']
  ])
  const slow = getMany(`${gateway.url}/slow`, 4)
  await waitUntil(async () => (await inFlight(gateway)) === 4)
  const closed = close(gateway, '20s')
  await sleep(300)
  process.kill(workersOf(gateway)[0] as number, 'SIGKILL')
  const killedMs = performance.now()
  app.release()
  await slow
  assert.equal(await closed, 'complete')
  assert.ok(performance.now() - killedMs > 1900)
})

test('a frozen worker gets no new visitors, and no drain is complete without its word', async (t) => {
  const app = await startApp(t)
  const gateway = await startGateway(t, ['--workers', '2', '--upstream', app.url, '--access-log', 'off'])
  const [frozen] = workersOf(gateway) as [number]
  process.kill(frozen, 'SIGSTOP')
  t.after(() => process.kill(frozen, 'SIGCONT'))
  // Whoever comes before that is noticed waits for the other one.
  await sleep(1200)
  const startMs = performance.now()
  assert.deepEqual(await getMany(gateway.url, 10), Array(10).fill(200))
  assert.ok(performance.now() - startMs < 1000)
  assert.equal(await close(gateway, '1s'), 'not-proven')
  process.kill(frozen, 'SIGCONT')
  assert.equal(await close(gateway, '5s'), 'complete')
  assert.deepEqual(await getMany(gateway.url, 10), Array(10).fill(503))
})

test('a connection that a frozen worker was given goes to another one, and is not served by both', async (t) => {
  const app = await startApp(t)
  const gateway = await startGateway(t, ['--workers', '2', '--upstream', app.url, '--access-log', 'off'])
  const [frozen] = workersOf(gateway) as [number]
  process.kill(frozen, 'SIGSTOP')
  t.after(() => process.kill(frozen, 'SIGCONT'))
  // One of the two is handed to the frozen worker, which nobody has noticed yet.
  const slow = getMany(`${gateway.url}/slow`, 2)
  await waitUntil(() => app.open === 1)
  await waitUntil(() => app.open === 2)
  process.kill(frozen, 'SIGCONT')
  await sleep(300)
  assert.equal(app.open, 2)
  app.release()
  assert.deepEqual(await slow, [200, 200])
})

test('workers that die again and again come back after longer and longer pauses, and the port stays open', async (t) => {
  const app = await startApp(t)
  const gateway = await startGateway(t, ['--workers', '2', '--upstream', app.url, '--access-log', 'off'])
  const pauses = (): number[] =>
    [...gateway.stdout.matchAll(/"pauseMs":(\d+).*another one takes its place/g)].map(([, ms]) => Number(ms))
  for (let n = 1; n <= 4; n++) {
    await waitUntil(() => workersOf(gateway).length === 2)
    // So that the new one is ready, and its end not a failed start.
    assert.deepEqual(await getMany(gateway.url, 4), Array(4).fill(200))
    process.kill(workersOf(gateway)[1] as number, 'SIGKILL')
    await waitUntil(() => pauses().length === n)
  }
  assert.deepEqual(pauses(), [100, 200, 400, 800])
  for (const worker of workersOf(gateway)) process.kill(worker, 'SIGKILL')
  // Nobody is there: they wait for the first who comes.
  assert.deepEqual(await getMany(gateway.url, 4), Array(4).fill(200))
})
