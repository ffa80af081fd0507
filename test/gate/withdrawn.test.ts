import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Asked, type AskOptions, askFor, closedSite } from '../helpers/closed.ts'
import { configured } from '../helpers/configured.ts'
import { callGateway } from '../helpers/gateway-status.ts'
import { type GatewayProcess, type Running, startGateway, startProcess } from '../helpers/process.ts'
import { rawClient } from '../helpers/raw-client.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'

const APP = `
  const seen = []
  require('node:http').createServer((request, response) => {
    if (request.url === '/seen') return response.end(JSON.stringify(seen))
    let body = ''
    request.on('data', (piece) => { body += piece }).on('end', () => {
      seen.push(request.method + ' ' + request.url + ' ' + body)
      response.end('from the app')
    })
  }).listen(process.argv[1], () => console.log('listening'))
`

interface App {
  readonly socketPath: string
  start(): Promise<Running>
  /** What it has got since it was started. */
  seen(): Promise<string[]>
}

/** An app on a unix socket that can be killed and started again. */
function app(t: Cleanup): App {
  const socketPath = join(tempDir(t), 'app.sock')
  return {
    socketPath,
    async start() {
      const clean = `require('node:fs').rmSync(process.argv[1], { force: true });`
      const running = startProcess(t, process.execPath, ['-e', clean + APP, socketPath])
      await running.waitFor(/listening/)
      return running
    },
    async seen() {
      const client = await rawClient(t, socketPath)
      client.send('GET /seen HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
      const [, seen = ''] = await client.waitFor(/(\[.*\])/)
      client.socket.destroy()
      return JSON.parse(seen) as string[]
    }
  }
}

const outcomeOf = ({ status, reason }: Asked): string => `${status} ${reason}`
const POST: AskOptions = { method: 'POST', body: 'x' }

test('a request that waits for a killed app waits on in a hold, although the app is back, and is sent once after it', async (t) => {
  const backend = app(t)
  const first = await backend.start()
  const args = ['--upstream', `unix:${backend.socketPath}`, '--hold-on-refused', '20s']
  const gateway = await startGateway(t, args)
  const port = Number(new URL(gateway.url).port)
  assert.equal((await askFor(port, '/before')).status, 200)
  await first.kill9()

  const waiting = [askFor(port, '/order', POST), askFor(port, '/page')]
  const status = async (): Promise<Record<string, unknown>> => callGateway(gateway, 'GET', '/status')
  await waitUntil(async () => (await status()).held === 2)
  const entered = await callGateway(gateway, 'PUT', '/maintenance', {
    ...{ mode: 'hold', wait: 'drained', timeout: '5s' }
  })
  const { outcome, inFlight } = entered.wait as { outcome: string; inFlight: number }
  assert.deepEqual([outcome, inFlight], ['complete', 0])
  await backend.start()
  await sleep(300)
  assert.deepEqual(await backend.seen(), [])
  const { held, inFlight: running } = await status()
  assert.deepEqual([held, running], [2, 0])

  await callGateway(gateway, 'DELETE', '/maintenance')
  assert.deepEqual((await Promise.all(waiting)).map(outcomeOf), Array(2).fill('200 undefined'))
  assert.deepEqual((await backend.seen()).sort(), ['GET /page ', 'POST /order x'])

  const lines = gateway.stdout.split('\n').filter((line) => line.includes('"/order"'))
  assert.equal(lines.length, 1, 'one line in the access log')
  const counted = (await metricsText(gateway)).match(/^intermission_requests_total\{.*$/gm)
  assert.deepEqual(
    counted?.map((line) => line.split(' ').at(-1)),
    ['3']
  )
})

test('a request that was taken out of the wait for the app gets what the next mode says, and no more time than a hold gives', async (t) => {
  const backend = app(t)
  const proxy = { upstream: `unix:${backend.socketPath}`, holdOnRefusedMs: 20_000 }
  const { site, app: front, ask, port } = await closedSite(t, { holdLimit: 2 }, { proxy })
  const crowd = async (count: number): Promise<Promise<Asked>[]> => {
    const waiting = Array.from({ length: count }, (_, n) => ask(`/${n}`, POST))
    await waitUntil(() => front.proxy.held === count)
    return waiting
  }
  const closed = await crowd(3)
  await site.enter({ mode: 'hold' })
  const full = await Promise.race(closed)
  assert.equal(outcomeOf(full), '503 hold-full')
  assert.deepEqual([front.gate.held, site.inFlight.count], [2, 0])
  await site.enter({ mode: 'maintenance' })
  assert.deepEqual((await Promise.all(closed)).map(outcomeOf).sort(), [
    '503 hold-full',
    '503 maintenance',
    '503 maintenance'
  ])
  await site.leave()

  const late = await crowd(1)
  await site.enter({ mode: 'hold', maxWait: '100ms' })
  assert.deepEqual((await Promise.all(late)).map(outcomeOf), ['503 hold-timeout'])
  await site.leave()

  const leaver = await rawClient(t, port)
  leaver.send('POST /leaver HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx')
  await waitUntil(() => front.proxy.held === 1)
  await site.enter({ mode: 'hold' })
  await waitUntil(() => front.gate.held === 1)
  leaver.socket.destroy()
  await waitUntil(() => front.gate.held === 0)
  await backend.start()
  await site.leave()
  await sleep(50)
  assert.deepEqual(await backend.seen(), [])
})

test('what was waiting for an app before a reload is held and let go by the gate that came with it', async (t) => {
  const backend = app(t)
  const config = [`upstream: unix:${backend.socketPath}`, 'holdOnRefused: 20s']
  const { gateway, write, reload } = await configured(t, config)
  const held = async (): Promise<unknown> => (await callGateway(gateway, 'GET', '/status')).held
  const asked = askFor(Number(new URL(gateway.url).port), '/', POST)
  await waitUntil(async () => (await held()) === 1)
  write([...config, 'brandName: Shop'])
  assert.equal((await reload()).code, 0)
  await callGateway(gateway, 'PUT', '/maintenance', { mode: 'hold' })
  await backend.start()
  await sleep(100)
  assert.deepEqual([await backend.seen(), await held()], [[], 1])
  await callGateway(gateway, 'DELETE', '/maintenance')
  assert.equal(outcomeOf(await asked), '200 undefined')
  assert.deepEqual(await backend.seen(), ['POST / x'])
})

test('what waited for an app gets its time for that anew after a hold', async (t) => {
  const backend = app(t)
  const {
    site,
    app: front,
    ask
  } = await closedSite(t, {}, { proxy: { upstream: `unix:${backend.socketPath}`, holdOnRefusedMs: 400 } })
  const asked = ask('/', POST)
  await waitUntil(() => front.proxy.held === 1)
  await site.enter({ mode: 'hold' })
  await sleep(500)
  assert.equal(front.gate.held, 1)
  await site.leave()
  const startMs = performance.now()
  assert.equal(outcomeOf(await asked), '502 upstream-unreachable')
  const tookMs = performance.now() - startMs
  assert.ok(tookMs > 350 && tookMs < 2000, `${tookMs} ms`)
})

async function metricsText({ adminUrl, stateDir }: GatewayProcess): Promise<string> {
  const token = readFileSync(join(stateDir, 'admin-token'), 'utf8').trim()
  return (await fetch(`${adminUrl}/metrics`, { headers: { authorization: `Bearer ${token}` } })).text()
}
