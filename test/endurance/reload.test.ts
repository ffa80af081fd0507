import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import WebSocket, { WebSocketServer } from 'ws'
import { callGateway } from '../helpers/gateway-status.ts'
import { load, summary, unexpected } from '../helpers/load.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { mebibytes, residentMemory } from '../helpers/process-memory.ts'
import { MIB, sized } from '../helpers/scale.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'

const RELOADS = sized(60, 1000)
const CONNECTIONS = 16

/** An app that says its name, and echoes to WebSockets. */
async function startApp(t: Cleanup, name: string): Promise<string> {
  const server = createServer(async (request, response) => {
    for await (const _ of request);
    response.end(name)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.on('message', (text) => socket.send(String(text))))
  t.after(() => {
    for (const client of sockets.clients) client.terminate()
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

function descriptors({ pid }: GatewayProcess): number {
  const folder = `/proc/${pid}/fd`
  return existsSync(folder) ? readdirSync(folder).length : 0
}

test('reloads under load, half of them broken, fail no request and leave nothing behind', async (t) => {
  const apps = [await startApp(t, 'one'), await startApp(t, 'two')]
  const path = join(tempDir(t), 'intermission.yaml')
  const write = (n: number, more = ''): void => writeFileSync(path, `upstream: ${apps[n % 2]}\n${more}\n`)
  write(0)
  // With so little heap, what is kept of each of 500 configurations (a megabyte) would end the process.
  const env = { NODE_OPTIONS: '--max-old-space-size=150' }
  const gateway = await startGateway(t, ['--config', path, '--access-log', 'off'], { env })
  const socket = new WebSocket(gateway.url.replace('http', 'ws'))
  t.after(() => socket.terminate())
  await new Promise((resolve) => socket.once('open', resolve))

  let running = true
  t.after(() => {
    running = false
  })
  const loading = load({
    url: gateway.url,
    connections: CONNECTIONS,
    ask: (n) => (n % 4 === 0 ? { method: 'POST', path: `/${n}`, body: 'x'.repeat(2000) } : { path: `/${n}` }),
    more: () => running
  })
  const tookMs: number[] = []
  const after = async (): Promise<{ memory: number; files: number }> => {
    await sleep(2500)
    return { memory: residentMemory(gateway.pid)?.now ?? 0, files: descriptors(gateway) }
  }
  let early: Awaited<ReturnType<typeof after>> | undefined
  for (let n = 1; n <= RELOADS; n++) {
    const isBroken = n % 2 === 0
    write(Math.floor(n / 2), isBroken ? 'connectTimeout: soon' : `brandName: Shop ${n}`)
    const fromMs = performance.now()
    const outcome = await callGateway(gateway, 'POST', '/reload').then(
      () => 'done',
      (error: Error) => error.message
    )
    tookMs.push(performance.now() - fromMs)
    if (isBroken) assert.match(outcome, /422.*connectTimeout.*intermission\.yaml:2:17/)
    else assert.equal(outcome, 'done')
    // From here on memory should be flat: what is loaded and compiled late has been by now.
    if (n === Math.floor(RELOADS / 4)) early = await after()
  }
  const late = await after()
  socket.send('still there')
  assert.equal(String(await new Promise((resolve) => socket.once('message', resolve))), 'still there')
  running = false
  const report = await loading
  tookMs.sort((a, b) => a - b)
  t.diagnostic(summary(report))
  t.diagnostic(
    `${RELOADS} reloads: ${Math.round(tookMs[RELOADS >> 1]!)} ms in the middle, ${Math.round(tookMs.at(-1)!)} ms at most; ` +
      `memory ${mebibytes(early!.memory)}, later ${mebibytes(late.memory)}; descriptors ${early!.files}, later ${late.files}`
  )
  assert.equal(unexpected(report, /^(GET|POST) 200$/), 0, summary(report))
  // The last good one was the one before the last.
  const expected = ['one', 'two'][Math.floor((RELOADS - 1) / 2) % 2]
  assert.equal(await (await fetch(gateway.url)).text(), expected)
  assert.ok(late.files <= early!.files + 5, `descriptors: ${early!.files}, then ${late.files}`)
  const grewBytes = late.memory - early!.memory
  assert.ok(grewBytes < 100 * MIB, `memory grew by ${mebibytes(grewBytes)}`)
  process.kill(gateway.pid, 0)
})
