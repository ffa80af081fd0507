import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertUnharmed, settled } from '../helpers/gateway-status.ts'
import { ask } from '../helpers/load.ts'
import { type Running, startGateway, startProcess } from '../helpers/process.ts'
import { mebibytes, residentMemory } from '../helpers/process-memory.ts'
import { sized } from '../helpers/scale.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'

const ABORTS = sized(150, 500)
const AT_A_TIME = 25

/** Sends what it is asked for without an end, and reads what it is sent for as long as it comes. */
const APP = `
  const { createServer } = require('node:http')
  const { rmSync } = require('node:fs')
  const piece = Buffer.alloc(65536, 'x')
  rmSync(process.argv[1], { force: true })
  createServer((request, response) => {
    if (request.url === '/') return response.end('alive')
    if (request.method !== 'GET') return request.resume().on('end', () => response.end('taken'))
    if (request.url === '/length') response.setHeader('content-length', 1e9)
    const send = () => { while (response.write(piece)); }
    response.on('drain', send)
    send()
  }).listen(process.argv[1], () => console.log('ready'))
`

/** An app that is killed every now and then, and started again. */
function dyingApp(t: Cleanup, path: string): { deaths: number; rest(): Promise<void> } {
  let over = false
  const app = { deaths: 0, rest }
  const start = async (): Promise<Running> => {
    const running = startProcess(t, process.execPath, ['-e', APP, path])
    await running.waitFor(/ready/)
    return running
  }
  const living = (async () => {
    for (;;) {
      const running = await start()
      const until = performance.now() + 100 + Math.random() * 400
      while (!over && performance.now() < until) await sleep(10)
      if (over) return
      await running.kill9()
      app.deaths++
      await sleep(Math.random() * 50)
    }
  })()
  /** Lets it live from now on. */
  async function rest(): Promise<void> {
    over = true
    await living
  }
  return app
}

/** Reads a little of an endless answer, or nothing, and leaves: with a FIN, or with a reset. */
function abortDownload(url: string, n: number): Promise<void> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    const path = n % 2 === 0 ? '/endless' : '/length'
    socket.write(`GET ${path} HTTP/1.1\r\nHost: a.example\r\n\r\n`)
    socket.on('data', () => {})
    socket.on('error', () => {}).on('close', () => resolve())
    setTimeout(() => (n % 3 === 0 ? socket.resetAndDestroy() : socket.destroy()), Math.random() * 60)
  })
}

/** Sends a part of what it has announced and leaves, while the app reads. */
function abortUpload(url: string, n: number): Promise<void> {
  return new Promise((resolve) => {
    const headers: Record<string, string | number> =
      n % 2 === 0 ? { 'content-length': 1e9 } : { 'transfer-encoding': 'chunked' }
    if (n % 5 === 0) headers.expect = '100-continue'
    const request = httpRequest(`${url}/upload`, { method: 'POST', headers, agent: false })
    const piece = Buffer.alloc(65_536, 'y')
    const send = (): void => {
      while (!request.destroyed && request.write(piece));
    }
    request.on('drain', send)
    request.on('response', (response) => response.resume())
    request.on('error', () => {}).on('close', () => resolve())
    if (n % 5 !== 0) send()
    else request.on('continue', send)
    setTimeout(
      () => (n % 3 === 0 ? request.socket?.resetAndDestroy() : request.destroy()),
      Math.random() * 60
    )
  })
}

test('aborted downloads and uploads against an app that keeps dying leave nothing in flight', async (t) => {
  const path = join(tempDir(t), 'app.sock')
  const app = dyingApp(t, path)
  const gateway = await startGateway(t, ['--upstream', `unix:${path}`, '--access-log', 'off'])
  for (const [what, abort] of [
    ['downloads', abortDownload],
    ['uploads', abortUpload]
  ] as const) {
    let next = 0
    const lane = async (): Promise<void> => {
      while (next < ABORTS) await abort(gateway.url, next++)
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, lane))
    const tookMs = await settled(gateway, 2_000)
    t.diagnostic(`${ABORTS} aborted ${what}: none in flight after ${Math.round(tookMs)} ms`)
  }
  await app.rest()
  const memory = residentMemory(gateway.pid)
  t.diagnostic(`the app died ${app.deaths} times${memory ? `; peak resident ${mebibytes(memory.peak)}` : ''}`)
  assert.ok(app.deaths > 0)
  const answer = await ask(gateway.url, {})
  assert.equal(answer.body, 'alive')
  assertUnharmed(gateway)
})
