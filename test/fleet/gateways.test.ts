/** Whole gateways as processes of their own, on one Redis. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Finished, type GatewayProcess, intermission, startGateway } from '../helpers/process.ts'
import { startRedis } from '../helpers/redis.ts'
import { waitUntil } from '../helpers/store-contract.ts'

/** An app that answers at once, but `/slow` only after so long. */
async function startApp(t: TestContext, slowMs = 0): Promise<string> {
  const server = createServer(({ url }, response) => {
    setTimeout(() => response.end('app'), url === '/slow' ? slowMs : 0)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

function command(t: TestContext, gateway: GatewayProcess, ...words: string[]): Promise<Finished> {
  const admin = ['--admin', gateway.adminUrl.replace('http://', '')]
  return intermission(t, [
    ...words,
    ...admin,
    '--admin-token-file',
    `${gateway.stateDir}/admin-token`,
    '--json'
  ])
}

async function statusOf(url: string): Promise<number> {
  return (await fetch(url)).status
}

test('two gateways with workers: closed by one, closed on both, drained on both', async (t) => {
  const redis = await startRedis(t)
  if (!redis) return
  const app = await startApp(t)
  const args = ['--store', redis.url, '--workers', '2', '--upstream', app, '--access-log', 'off']
  const [one, two] = [await startGateway(t, args), await startGateway(t, args)]
  await waitUntil(async () => (await statusOf(one.url)) === 200 && (await statusOf(two.url)) === 200)
  const entered = await command(t, one, 'enter', '--wait', 'drained', '--timeout', '20s')
  assert.equal(entered.code, 0, entered.stdout + entered.stderr)
  assert.equal(JSON.parse(entered.stdout).wait.members, 2)
  for (let n = 0; n < 6; n++) assert.deepEqual([await statusOf(one.url), await statusOf(two.url)], [503, 503])
  const left = await command(t, two, 'leave')
  assert.equal(left.code, 0)
  for (let n = 0; n < 6; n++) assert.deepEqual([await statusOf(one.url), await statusOf(two.url)], [200, 200])
})

test('a gateway that stops is waited for until its workers have finished their requests', async (t) => {
  const redis = await startRedis(t)
  if (!redis) return
  const args = ['--store', redis.url, '--upstream', await startApp(t, 5000), '--access-log', 'off']
  const [one, two] = [await startGateway(t, args), await startGateway(t, [...args, '--workers', '2'])]
  await waitUntil(async () => (await statusOf(one.url)) === 200 && (await statusOf(two.url)) === 200)
  let isOver = false
  const slow = statusOf(`${two.url}/slow`).finally(() => {
    isOver = true
  })
  await sleep(300)
  two.signal('SIGTERM')
  await sleep(300)
  const early = await command(t, one, 'enter', '--wait', 'drained', '--timeout', '2s')
  assert.equal(isOver, false)
  assert.deepEqual([early.code, JSON.parse(early.stdout).wait.members], [3, 2], early.stdout)
  const late = await command(t, one, 'enter', '--wait', 'drained', '--timeout', '15s')
  assert.equal(late.code, 0, late.stdout + late.stderr)
  assert.deepEqual([isOver, await slow], [true, 200])
})

test('a gateway that was killed and starts again is not waited for twice', async (t) => {
  const redis = await startRedis(t)
  if (!redis) return
  const args = ['--store', redis.url, '--upstream', await startApp(t), '--access-log', 'off']
  const [one, two] = [await startGateway(t, args), await startGateway(t, args)]
  await two.kill9()
  const again = await startGateway(t, [...args, '--state-dir', two.stateDir])
  await waitUntil(async () => (await statusOf(again.url)) === 200)
  const entered = await command(t, one, 'enter', '--wait', 'drained', '--timeout', '15s')
  assert.equal(entered.code, 0, entered.stdout + entered.stderr)
  assert.equal(JSON.parse(entered.stdout).wait.members, 2)
})

test('while Redis is gone, enter fails with exit code 4 and names the store, and status says since when', async (t) => {
  const redis = await startRedis(t)
  if (!redis) return
  const args = ['--store', redis.url, '--upstream', await startApp(t), '--access-log', 'off']
  const gateway = await startGateway(t, args)
  await waitUntil(async () => (await statusOf(gateway.url)) === 200)
  await redis.kill9()
  const entered = await command(t, gateway, 'enter')
  assert.equal(entered.code, 4, entered.stdout + entered.stderr)
  assert.match(entered.stdout + entered.stderr, new RegExp(`Redis at 127.0.0.1:${redis.port}`))
  assert.equal(await statusOf(gateway.url), 200)
  const { store } = JSON.parse((await command(t, gateway, 'status')).stdout)
  assert.equal(store.reachable, false)
  assert.ok(store.staleSince)
})

test('who asks for the members hears how they are now, also when nobody has asked for long', async (t) => {
  const redis = await startRedis(t)
  if (!redis) return
  const args = ['--store', redis.url, '--upstream', await startApp(t), '--access-log', 'off']
  const one = await startGateway(t, args)
  const list = async (): Promise<{ members: { state: string }[]; store: { reachable: boolean } }> =>
    JSON.parse((await command(t, one, 'fleet', 'ls')).stdout)
  await waitUntil(async () => (await statusOf(one.url)) === 200)
  assert.equal((await list()).members.length, 1)
  const two = await startGateway(t, args)
  await waitUntil(async () => (await statusOf(two.url)) === 200)
  assert.equal((await list()).members.length, 2)
  await two.stop()
  assert.equal((await list()).members.length, 1)
  await redis.kill9()
  await waitUntil(async () => !(await list()).store.reachable)
  const { code, stdout } = await intermission(t, [
    ...['fleet', 'ls', '--admin', one.adminUrl, '--state-dir', one.stateDir]
  ])
  assert.equal(code, 0)
  assert.match(stdout, /, this one\nstore redis unreachable since .*: what is shown may be old\n$/)
})
