import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { callGateway } from '../helpers/gateway-status.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { mebibytes, residentMemory } from '../helpers/process-memory.ts'
import { type RedisServer, startRedis } from '../helpers/redis.ts'
import { MIB, sized } from '../helpers/scale.ts'
import { waitUntil } from '../helpers/store-contract.ts'

// Maintenance is entered and left again and again through the admin API: nothing may be left of a flip but the last hundred
// in the history. At the full size it is 100,000 flips together, shared out by what one costs.

/** Of the flips: until then everything that is made once has been made. */
const WARM_UP = 0.3
/** What is left of the heap after a collection. 200 bytes that a flip leaves behind show at the full size. */
const MOST_GROWTH_BYTES = 4 * MIB
const LANES = 4
const KEPT_CHANGES = 100

interface Held {
  heap: number
  files: number
}

// The memory that a process has from the system says little: a heap that is not collected yet looks like one that leaks.
const COLLECT = encodeURIComponent(`process.on('SIGUSR2', () => {
  for (let n = 0; n < 3; n++) gc()
  const { heapUsed, external } = process.memoryUsage()
  console.error('heap ' + (heapUsed + external) + '.')
})`)

function start(t: TestContext, ...args: string[]): Promise<GatewayProcess> {
  const env = { NODE_OPTIONS: `--expose-gc --import data:text/javascript,${COLLECT}` }
  return startGateway(t, ['--upstream', 'http://127.0.0.1:9', '--access-log', 'off', ...args], { env })
}

async function held(gateway: GatewayProcess): Promise<Held> {
  const asked = gateway.stderr.length
  gateway.signal('SIGUSR2')
  await waitUntil(() => /heap \d+\./.test(gateway.stderr.slice(asked)))
  const heap = Number(/heap (\d+)\./.exec(gateway.stderr.slice(asked))?.[1])
  return { heap, files: readdirSync(`/proc/${gateway.pid}/fd`).length }
}

/** Enters and leaves that often, a few requests at a time on connections that are kept. */
async function flip(gateway: GatewayProcess, times: number): Promise<void> {
  const token = readFileSync(join(gateway.stateDir, 'admin-token'), 'utf8').trim()
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const agent = new Agent({ keepAlive: true, maxSockets: LANES })
  const send = (method: string, body: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const all = { ...headers, 'content-length': body.length }
      const sent = request(`${gateway.adminUrl}/maintenance`, { method, agent, headers: all }, (response) =>
        response.resume().once('end', () => resolve(response.statusCode))
      )
      sent.once('error', reject).end(body)
    })
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < times) {
      const n = next++
      const message = n % 2 === 0 ? { message: `flip ${n}` } : {}
      const status = await send(n % 2 === 0 ? 'PUT' : 'DELETE', JSON.stringify({ wait: 'none', ...message }))
      // 202: changed, and nobody waited for anything.
      assert.ok(status === 200 || status === 202, `${status}`)
    }
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  agent.destroy()
}

/** Flips in turn on each of the gateways and holds them to what they had after the warm-up. */
async function flipAndCompare(
  t: TestContext,
  flips: number,
  gateways: GatewayProcess[],
  atWarm: () => Promise<void> = async () => {}
): Promise<void> {
  const startMs = performance.now()
  for (const gateway of gateways) await flip(gateway, (flips * WARM_UP) / gateways.length)
  await settle()
  const before: Held[] = []
  for (const gateway of gateways) before.push(await held(gateway))
  await atWarm()
  for (const gateway of gateways) await flip(gateway, (flips * (1 - WARM_UP)) / gateways.length)
  await settle()
  const seconds = (performance.now() - startMs) / 1000
  for (const [at, gateway] of gateways.entries()) {
    const { heap, files } = await held(gateway)
    const was = before[at] as Held
    const heaps = `heap ${Math.round(was.heap / 1024)} -> ${Math.round(heap / 1024)} KiB`
    const resident = mebibytes(residentMemory(gateway.pid)?.now ?? 0)
    t.diagnostic(
      `${flips} flips in ${seconds.toFixed(0)} s: ${heaps} (${resident} resident), ${was.files} -> ${files} files`
    )
    assert.ok(heap - was.heap < MOST_GROWTH_BYTES, heaps)
    // The kept connection of the test's own last question comes and goes.
    assert.ok(Math.abs(files - was.files) <= 2, `${was.files} -> ${files} open files`)
    const { changes } = await callGateway(gateway, 'GET', '/history')
    assert.equal((changes as unknown[]).length, KEPT_CHANGES)
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1500))

test('flips leave nothing behind, with the state in a file', async (t) => {
  if (!existsSync('/proc/self/fd')) return t.skip('needs /proc')
  const gateway = await start(t)
  let names: string[] = []
  let bytes = 0
  const folder = gateway.stateDir
  const size = (): number =>
    readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
  await flipAndCompare(t, sized(400, 25_000), [gateway], async () => {
    names = readdirSync(folder)
    bytes = size()
  })
  assert.deepEqual(readdirSync(folder).sort(), names.sort())
  // Numbers get longer.
  assert.ok(size() < bytes * 1.1 + 1024, `${bytes} -> ${size()} bytes on the disk`)
})

test('flips leave nothing behind, with the state in memory', async (t) => {
  if (!existsSync('/proc/self/fd')) return t.skip('needs /proc')
  const gateway = await start(t, '--store', 'memory:')
  await flipAndCompare(t, sized(400, 35_000), [gateway])
})

test('flips leave nothing behind in three gateways, nor in the Redis that they share', async (t) => {
  if (!existsSync('/proc/self/fd')) return t.skip('needs /proc')
  // Its log of all commands would grow, as it should.
  const redis = await startRedis(t, { args: ['--appendonly', 'no'] })
  if (!redis) return
  const open = (): Promise<GatewayProcess> => start(t, '--store', redis.url)
  const gateways = [await open(), await open(), await open()]
  let before = await sharedOf(redis)
  const flips = sized(300, 40_000)
  await flipAndCompare(t, flips, gateways, async () => {
    before = await sharedOf(redis)
  })
  const after = await sharedOf(redis)
  t.diagnostic(`Redis: ${JSON.stringify(before)} -> ${JSON.stringify(after)}`)
  assert.deepEqual([after.keys, after.clients], [before.keys, before.clients])
  assert.ok(after.memory < before.memory + MIB)
  assert.equal(Number(await redis.cli('LLEN', 'im:{default}:hist')), KEPT_CHANGES)
  const revisions = async (): Promise<unknown[]> =>
    Promise.all(gateways.map(async (one) => (await callGateway(one, 'GET', '/status')).revision))
  await waitUntil(async () => new Set(await revisions()).size === 1)
  // Whoever leaves a site that is live changes nothing, and with several requests at a time that happens.
  assert.ok(Number((await revisions())[0]) > flips / 2)
})

async function sharedOf(redis: RedisServer): Promise<{ keys: number; clients: number; memory: number }> {
  const info = await redis.cli('INFO', 'everything')
  const number = (name: string): number => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1])
  const keys = Number(await redis.cli('DBSIZE'))
  return { keys, clients: number('connected_clients'), memory: number('used_memory') }
}
