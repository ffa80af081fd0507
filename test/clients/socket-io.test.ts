import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertUnharmed, settled } from '../helpers/gateway-status.ts'
import { requirePackage } from '../helpers/packages.ts'
import { startGateway, startProcess } from '../helpers/process.ts'
import { waitUntil } from '../helpers/store-contract.ts'

/** As much of socket.io-client as is used here. */
interface ClientSocket {
  connected: boolean
  id: string | undefined
  io: { engine: { transport: { name: string } } }
  on(event: string, listener: (...args: unknown[]) => void): void
  emitWithAck(event: string, ...args: unknown[]): Promise<unknown>
  disconnect(): void
}

interface ClientPackage {
  io(url: string, options: object): ClientSocket
}

/** As a process of its own, so that it can be killed. */
const APP = `
  const { createServer } = require('node:http')
  const http = createServer((request, response) => response.end('the app'))
  const { Server } = require('socket.io')
  const io = new Server(http, { maxHttpBufferSize: 4e6 })
  io.on('connection', (socket) => {
    socket.on('echo', (value, answer) => answer(value))
    socket.on('all', (value, answer) => { io.emit('news', value); answer() })
  })
  http.listen(Number(process.argv[1]), '127.0.0.1', () => console.log('port ' + http.address().port + '.'))
`

async function startApp(t: TestContext, port = 0): Promise<{ port: number; kill9(): Promise<unknown> }> {
  const app = startProcess(t, process.execPath, ['-e', APP, String(port)])
  const chosen = await app.waitFor(/port (\d+)\./)
  return { port: Number(chosen), kill9: () => app.kill9() }
}

const transportOf = (socket: ClientSocket): string => socket.io.engine.transport.name

test('socket.io talks to socket.io', async (t) => {
  const client = requirePackage<ClientPackage>(t, 'socket.io-client')
  if (client === undefined || requirePackage(t, 'socket.io') === undefined) return
  let app = await startApp(t)
  const flags = ['--upstream', `http://127.0.0.1:${app.port}`, '--access-log', 'off']
  const gateway = await startGateway(t, flags)

  const open = async (options: object = {}): Promise<ClientSocket> => {
    const settings = { reconnectionDelay: 50, reconnectionDelayMax: 200, forceNew: true, ...options }
    const socket = client.io(gateway.url, settings)
    t.after(() => socket.disconnect())
    await waitUntil(() => socket.connected)
    return socket
  }

  await t.test('by polling, and then by WebSocket', async () => {
    const socket = await open()
    assert.equal(await socket.emitWithAck('echo', 'grüß'), 'grüß')
    await waitUntil(() => transportOf(socket) === 'websocket')
    assert.equal(await socket.emitWithAck('echo', 'upgraded'), 'upgraded')
    const binary = Buffer.alloc(1_000_000, 7)
    assert.ok(binary.equals((await socket.emitWithAck('echo', binary)) as Buffer))
    socket.disconnect()
  })

  for (const transport of ['polling', 'websocket']) {
    await t.test(`by ${transport} alone, twenty clients that hear each other`, async () => {
      const sockets = await Promise.all(Array.from({ length: 20 }, () => open({ transports: [transport] })))
      let heard = 0
      for (const socket of sockets) socket.on('news', () => heard++)
      await sockets[0]?.emitWithAck('all', 'hello')
      await waitUntil(() => heard === sockets.length)
      assert.ok(sockets.every((socket) => transportOf(socket) === transport))
      for (const socket of sockets) socket.disconnect()
      await settled(gateway, 5_000)
    })
  }

  await t.test('again after the app was killed and has come back', async (t) => {
    const sockets = await Promise.all([open(), open({ transports: ['polling'] })])
    const before = sockets.map(({ id }) => id)
    await app.kill9()
    await waitUntil(() => sockets.every(({ connected }) => !connected))
    // What they try meanwhile is refused, and they try again.
    await sleep(500)
    const fromMs = performance.now()
    app = await startApp(t, app.port)
    await waitUntil(() => sockets.every(({ connected }) => connected))
    t.diagnostic(`connected again ${Math.round(performance.now() - fromMs)} ms after the app was started`)
    for (const [n, socket] of sockets.entries()) {
      assert.notEqual(socket.id, before[n])
      assert.equal(await socket.emitWithAck('echo', n), n)
      socket.disconnect()
    }
  })
  assertUnharmed(gateway)
})
