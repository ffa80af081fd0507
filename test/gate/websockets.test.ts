import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket, WebSocketServer } from 'ws'
import { type OpenMaintenance, openMaintenance } from '../../src/state/maintenance.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import { type Listening, listening } from '../helpers/listening.ts'
import { startGateway } from '../helpers/process.ts'
import { type RawClient, rawClient } from '../helpers/raw-client.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { tcpUpstream } from '../helpers/upstream.ts'

const UPGRADE = 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
const GOING_AWAY = '\x88\x02\x03\xe9'

/** An app of `ws`. */
async function socketApp(t: Cleanup): Promise<{ url: string; server: WebSocketServer }> {
  const http = createServer()
  const server = new WebSocketServer({ server: http, perMessageDeflate: true })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  t.after(() => {
    http.close()
    for (const socket of server.clients) socket.terminate()
  })
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, server }
}

async function opened(t: Cleanup, url: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace('http', 'ws'))
  t.after(() => socket.terminate())
  await once(socket, 'open')
  return socket
}

async function codeOf(socket: WebSocket): Promise<number> {
  const [code] = (await once(socket, 'close')) as [number]
  return code
}

interface Gated extends Listening {
  site: OpenMaintenance
}

async function gated(t: Cleanup, upstream: string): Promise<Gated> {
  const site = await openMaintenance({ store: createMemoryStore() })
  t.after(() => site.close())
  return { ...(await listening(t, { proxy: { upstream }, maintenance: { maintenance: site } })), site }
}

/** An app of bare bytes that has accepted the WebSocket of a client of bare bytes. */
async function bare(t: Cleanup): Promise<Gated & { client: RawClient; peer: Socket; told: () => string }> {
  let accepted: Socket | undefined
  let told = ''
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () => {
      socket.write(SWITCH)
      accepted = socket
      socket.on('data', (bytes) => {
        told += bytes.toString('latin1')
      })
    })
  })
  const gateway = await gated(t, upstream.url)
  const client = await rawClient(t, gateway.port)
  client.send(UPGRADE)
  await client.waitFor(/\r\n\r\n$/)
  return { ...gateway, client, peer: accepted!, told: () => told }
}

test('both ends of a WebSocket learn with a closing handshake that the site closes, and a drain waits for it', async (t) => {
  const { url, server } = await socketApp(t)
  const { site, app, port } = await gated(t, url)
  const client = await opened(t, `http://127.0.0.1:${port}`)
  const [peer] = server.clients
  peer?.send('hello '.repeat(1000))
  await once(client, 'message')
  const codes = Promise.all([codeOf(client), codeOf(peer!)])
  const { wait } = await site.enter({ wait: 'drained' })
  assert.deepEqual(await codes, [1001, 1001])
  assert.deepEqual([wait.outcome, wait.inFlight, app.proxy.tunnels], ['complete', 0, 0])
})

test('the frame that is under way arrives whole before the goodbye, and nothing after it', async (t) => {
  const { site, client, peer, told } = await bare(t)
  peer.write(Buffer.from('\x82\x7e\x01\x2cbegun', 'latin1'))
  await client.waitFor(/begun$/)
  const entered = site.enter({ wait: 'drained' })
  await sleep(50)
  assert.match(client.received, /begun$/, 'nothing is said in the middle of a frame')
  peer.write(`${'x'.repeat(295)}\x81\x05never`, 'latin1')
  await client.waitFor(new RegExp(`begunx{295}${GOING_AWAY}$`))
  client.send('\x88\x82\0\0\0\0\x03\xe9')
  await waitUntil(() => told().endsWith('\x03\xe9'))
  peer.end()
  assert.equal((await entered).wait.outcome, 'complete')
  assert.equal(await client.ended(), 'end')
  assert.doesNotMatch(client.received, /never/)
})

test('where the app is closing a WebSocket already, it is not closed twice', async (t) => {
  const { site, client, peer } = await bare(t)
  peer.write('\x88\x02\x03\xe8', 'latin1')
  await client.waitFor(/\x03\xe8$/)
  await site.enter()
  peer.end()
  assert.equal(await client.ended(), 'end')
  assert.match(client.received, /\r\n\r\n\x88\x02\x03\xe8$/)
})

/** An app of bare bytes that says nothing yet to somebody who asks for a WebSocket. */
async function asked(t: Cleanup): Promise<{ url: string; peer: () => Promise<Socket> }> {
  const peers: Socket[] = []
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () => peers.push(socket))
    socket.on('error', () => {})
  })
  const peer = async (): Promise<Socket> => {
    await waitUntil(() => peers.length > 0)
    return peers[0]!
  }
  return { url: upstream.url, peer }
}

test('a WebSocket that the app accepts only after the site has closed is closed at once', async (t) => {
  const { url, peer } = await asked(t)
  const { site, port, app } = await gated(t, url)
  const client = await rawClient(t, port)
  client.send(UPGRADE)
  const socket = await peer()
  const entered = site.enter({ wait: 'drained', timeout: '10s' })
  await waitUntil(() => site.state.mode === 'maintenance')
  socket.write(SWITCH)
  await client.waitFor(new RegExp(`\\r\\n\\r\\n${GOING_AWAY}$`))
  socket.end()
  client.socket.end()
  assert.equal((await entered).wait.outcome, 'complete')
  assert.equal(app.proxy.tunnels, 0)
})

test('a WebSocket that the app accepts only after TERM is closed at once', async (t) => {
  const { url, peer } = await asked(t)
  const gateway = await startGateway(t, ['--upstream', url, '--drain-timeout', '20s'])
  const client = await rawClient(t, Number(new URL(gateway.url).port))
  client.send(UPGRADE)
  const socket = await peer()
  gateway.signal('SIGTERM')
  await gateway.waitFor(/draining/)
  const start = performance.now()
  socket.write(SWITCH)
  await client.waitFor(new RegExp(`\\r\\n\\r\\n${GOING_AWAY}$`))
  assert.deepEqual(await gateway.exited, { code: 0, signal: null })
  assert.ok(performance.now() - start < 8000)
})

test('a client that leaves before the app has accepted its WebSocket takes the request with it', async (t) => {
  const { url, peer } = await asked(t)
  const { port, app } = await gated(t, url)
  const client = await rawClient(t, port)
  client.send(UPGRADE)
  const closed = once((await peer()).resume(), 'end')
  client.socket.end()
  await closed
  await waitUntil(() => app.proxy.inFlight === 0)
})

test('a WebSocket that does not answer is cut after two seconds', async (t) => {
  const { site, client } = await bare(t)
  const start = performance.now()
  const { wait } = await site.enter({ wait: 'drained' })
  const tookMs = performance.now() - start
  assert.equal(wait.outcome, 'complete')
  assert.ok(tookMs > 1900 && tookMs < 6000, `${tookMs} ms`)
  await client.ended()
  assert.ok(client.received.endsWith(GOING_AWAY))
})

test('TERM says goodbye to WebSockets at once, those of an earlier configuration too, and stops when they have left', async (t) => {
  const { url, server } = await socketApp(t)
  const gateway = await startGateway(t, ['--upstream', url, '--drain-timeout', '20s'])
  const first = await opened(t, gateway.url)
  gateway.signal('SIGHUP')
  await gateway.waitFor(/configuration reloaded/)
  const second = await opened(t, gateway.url)
  const codes = Promise.all([first, second, ...server.clients].map(codeOf))
  const start = performance.now()
  assert.deepEqual(await gateway.stop(), { code: 0, signal: null })
  assert.ok(performance.now() - start < 5000)
  assert.deepEqual(await codes, [1001, 1001, 1001, 1001])
})

test('workers say goodbye too', async (t) => {
  const { url } = await socketApp(t)
  const gateway = await startGateway(t, ['--upstream', url, '--workers', '2'])
  const code = codeOf(await opened(t, gateway.url))
  assert.equal((await gateway.stop()).code, 0)
  assert.equal(await code, 1001)
})
