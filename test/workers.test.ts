import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type GatewayProcess, intermission, startGateway } from './helpers/process.ts'
import { waitUntil } from './helpers/store-contract.ts'
import type { Cleanup } from './helpers/temp-dir.ts'
import { tempDir } from './helpers/temp-dir.ts'

/** An app that answers at once, but `/slow` only when it is told to. */
async function startApp(t: Cleanup): Promise<{ url: string; release(): void; readonly open: number }> {
  const slow = new Set<() => void>()
  const server = createServer((req, res) => {
    if (req.url !== '/slow') return void res.end('app')
    const finish = (): void => void res.end('slow')
    slow.add(finish)
    res.once('close', () => slow.delete(finish))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    release() {
      for (const finish of slow) finish()
    },
    get open() {
      return slow.size
    }
  }
}

/** One request on a connection of its own. @returns the status, or the code of the error */
function get(url: string): Promise<number | string> {
  return new Promise((resolve) => {
    const sent = request(url, { agent: false }, (response) => {
      response.resume().once('close', () => resolve(response.complete ? (response.statusCode ?? 0) : 'cut'))
    })
    sent.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error')).end()
  })
}

/** The processes that have been forked; a child process of ours may also be a compiler's. */
function workersOf({ pid }: GatewayProcess): number[] {
  const found = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean)
  return found.map(Number).filter((child) => {
    try {
      return readFileSync(`/proc/${child}/environ`, 'latin1').includes('NODE_UNIQUE_ID=')
    } catch {
      return false
    }
  })
}

interface Answer {
  inFlight: number
  wait: { outcome: string; inFlight: number }
}

async function command(
  t: Cleanup,
  gateway: GatewayProcess,
  ...words: string[]
): Promise<{ code: number | null; answer: Answer }> {
  const admin = [
    '--admin',
    gateway.adminUrl.replace('http://', ''),
    '--admin-token-file',
    `${gateway.stateDir}/admin-token`
  ]
  const { code, stdout } = await intermission(t, [...words, ...admin, '--json'])
  return { code, answer: JSON.parse(stdout) as Answer }
}

test('several workers share one port, and a mode is in force on all of them when the command returns', async (t) => {
  const app = await startApp(t)
  const gateway = await startGateway(t, ['--workers', '3', '--upstream', app.url, '--access-log', 'off'])
  assert.equal(workersOf(gateway).length, 3)
  assert.deepEqual(await Promise.all(Array.from({ length: 12 }, () => get(gateway.url))), Array(12).fill(200))
  const { code, answer } = await command(t, gateway, 'enter', '--message', 'soon')
  assert.equal(code, 0)
  assert.equal(answer.wait.outcome, 'complete')
  assert.deepEqual(await Promise.all(Array.from({ length: 12 }, () => get(gateway.url))), Array(12).fill(503))
  await command(t, gateway, 'leave')
  assert.deepEqual(await Promise.all(Array.from({ length: 12 }, () => get(gateway.url))), Array(12).fill(200))
  const { code: exit } = await gateway.stop()
  assert.equal(exit, 0)
})

test('in-flight requests of all workers add up, and a drain waits for all of them', async (t) => {
  const app = await startApp(t)
  const gateway = await startGateway(t, ['--workers', '2', '--upstream', app.url, '--access-log', 'off'])
  const slow = [get(`${gateway.url}/slow`), get(`${gateway.url}/slow`), get(`${gateway.url}/slow`)]
  await waitUntil(() => app.open === 3)
  await waitUntil(async () => (await command(t, gateway, 'status')).answer.inFlight === 3)
  const first = await command(t, gateway, 'enter', '--wait', 'drained', '--timeout', '1s')
  assert.equal(first.code, 3)
  assert.deepEqual([first.answer.wait.outcome, first.answer.wait.inFlight], ['not-proven', 3])
  app.release()
  assert.deepEqual(await Promise.all(slow), [200, 200, 200])
  const second = await command(t, gateway, 'enter', '--wait', 'drained')
  assert.deepEqual([second.code, second.answer.wait.outcome], [0, 'complete'])
})

test('kill -9 of a worker under load costs its own requests only, and another one takes its place', async (t) => {
  const app = await startApp(t)
  const gateway = await startGateway(t, ['--workers', '4', '--upstream', app.url, '--access-log', 'off'])
  const slow = Array.from({ length: 8 }, () => get(`${gateway.url}/slow`))
  await waitUntil(() => app.open === 8)
  const results: (number | string)[] = []
  let isOver = false
  const load = Array.from({ length: 8 }, async () => {
    while (!isOver) results.push(await get(gateway.url))
  })
  await sleep(300)
  const [victim] = workersOf(gateway) as [number]
  process.kill(victim, 'SIGKILL')
  await waitUntil(() => app.open === 6)
  const killedMs = performance.now()
  await waitUntil(async () => (await command(t, gateway, 'status')).answer.inFlight <= 6 + 8)
  assert.ok(performance.now() - killedMs < 5000)
  await waitUntil(() => workersOf(gateway).length === 4)
  await sleep(500)
  isOver = true
  await Promise.all(load)
  const failed = results.filter((result) => result !== 200)
  assert.ok(!failed.includes('ECONNREFUSED'), 'the port never refuses')
  assert.ok(failed.length <= 8, `${failed.length} of ${results.length}: ${[...new Set(failed)]}`)
  app.release()
  assert.equal((await Promise.all(slow)).filter((result) => result === 200).length, 6)
})

test('workers that cannot start end the start, with a clear error', async (t) => {
  const stateDir = tempDir(t)
  const where = ['--listen', '127.0.0.1:0', '--admin', 'off', '--state-dir', stateDir]
  const dies = encodeURIComponent(`import c from 'node:cluster';if(c.isWorker)process.exit(7)`)
  const env = { NODE_OPTIONS: `--import data:text/javascript,${dies}` }
  const { code, stderr } = await intermission(t, ['start', '--workers', '2', ...where], { env })
  assert.equal(code, 1)
  assert.match(stderr, /a worker ended with exit code 7 before it could serve/)
})
