import assert from 'node:assert/strict'
import test from 'node:test'
import { callGateway, inFlight } from '../helpers/gateway-status.ts'
import { type GatewayProcess, intermission, startGateway } from '../helpers/process.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { getMany, startApp, workersOf } from './app.ts'

interface Answer {
  inFlight: number
  wait: { outcome: string; inFlight: number }
}

async function command(
  t: Cleanup,
  gateway: GatewayProcess,
  ...words: string[]
): Promise<{ code: number | null; answer: Answer }> {
  const admin = ['--admin', gateway.adminUrl.replace('http://', ''), '--state-dir', gateway.stateDir]
  const { code, stdout } = await intermission(t, [...words, ...admin, '--json'])
  return { code, answer: JSON.parse(stdout) as Answer }
}

test('several workers share one port, and a mode is in force on all of them when the command returns', async (t) => {
  const app = await startApp(t)
  const gateway = await startGateway(t, ['--workers', '3', '--upstream', app.url, '--access-log', 'off'])
  assert.equal(workersOf(gateway).length, 3)
  assert.deepEqual(await getMany(gateway.url, 12), Array(12).fill(200))
  const { code, answer } = await command(t, gateway, 'enter', '--message', 'soon')
  assert.equal(code, 0)
  assert.equal(answer.wait.outcome, 'complete')
  assert.deepEqual(await getMany(gateway.url, 12), Array(12).fill(503))
  await command(t, gateway, 'leave')
  assert.deepEqual(await getMany(gateway.url, 12), Array(12).fill(200))
  const { code: exit } = await gateway.stop()
  assert.equal(exit, 0)
})

test('in-flight requests of all workers add up, and a drain waits for all of them', async (t) => {
  const app = await startApp(t)
  const gateway = await startGateway(t, ['--workers', '2', '--upstream', app.url, '--access-log', 'off'])
  const slow = getMany(`${gateway.url}/slow`, 3)
  await waitUntil(() => app.open === 3)
  await waitUntil(async () => (await inFlight(gateway)) === 3)
  const first = await command(t, gateway, 'enter', '--wait', 'drained', '--timeout', '1s')
  assert.equal(first.code, 3)
  assert.deepEqual([first.answer.wait.outcome, first.answer.wait.inFlight], ['not-proven', 3])
  app.release()
  assert.deepEqual(await slow, [200, 200, 200])
  const second = await command(t, gateway, 'enter', '--wait', 'drained')
  assert.deepEqual([second.code, second.answer.wait.outcome], [0, 'complete'])
})

test('who is held, let past and connected is added up in the status', async (t) => {
  const app = await startApp(t)
  const gateway = await startGateway(t, [
    ...['--workers', '2', '--upstream', app.url, '--access-log', 'off', '--bypass-path', '/slow']
  ])
  await callGateway(gateway, 'PUT', '/maintenance', { mode: 'hold', maxWait: '20s' })
  const held = getMany(gateway.url, 4)
  const passed = getMany(`${gateway.url}/slow`, 3)
  const sums = async (): Promise<unknown[]> => {
    const { held: waiting, inFlight: under, sites } = await callGateway(gateway, 'GET', '/status')
    const [site] = sites as { bypassed: number }[]
    return [waiting, site?.bypassed, under]
  }
  await waitUntil(async () => String(await sums()) === '4,3,3')
  app.release()
  assert.deepEqual(await passed, [200, 200, 200])
  await callGateway(gateway, 'DELETE', '/maintenance')
  assert.deepEqual(await held, [200, 200, 200, 200])
  await waitUntil(async () => String(await sums()) === '0,0,0')
})

test('workers that cannot start end the start, with a clear error', async (t) => {
  const where = ['--listen', '127.0.0.1:0', '--admin', 'off', '--state-dir', tempDir(t)]
  const dies = encodeURIComponent(`import c from 'node:cluster';if(c.isWorker)process.exit(7)`)
  const env = { NODE_OPTIONS: `--import data:text/javascript,${dies}` }
  const { code, stderr } = await intermission(t, ['start', '--workers', '2', ...where], { env })
  assert.equal(code, 1)
  assert.match(stderr, /a worker ended with exit code 7 before it could serve/)
})
