import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test, { type TestContext } from 'node:test'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import { assertUnharmed, inFlight, settled } from '../helpers/gateway-status.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { MIB } from '../helpers/scale.ts'

interface SocketApp {
  url: string
  server: WebSocketServer
  /** Ends it like a process that is killed. */
  die(): void
}

/** Echoes every message in kind; closes as it is told to by the message `close CODE REASON`. */
async function socketApp(t: TestContext): Promise<SocketApp> {
  const http = createServer()
  const server = new WebSocketServer({ server: http, maxPayload: 4 * MIB, perMessageDeflate: true })
  server.on('connection', (socket) => {
    socket.on('error', () => {})
    socket.on('message', (data, binary) => {
      const [, code, reason] = binary ? [] : (/^close (\d+) (.*)$/.exec(String(data)) ?? [])
      if (code === undefined) socket.send(data, { binary })
      else socket.close(Number(code), reason)
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const die = (): void => {
    http.close()
    for (const socket of server.clients) socket.terminate()
  }
  t.after(die)
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, server, die }
}

async function open(t: TestContext, gateway: GatewayProcess, protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(gateway.url.replace('http', 'ws'), protocols)
  t.after(() => socket.terminate())
  socket.on('error', () => {})
  await once(socket, 'open')
  return socket
}

async function echoOf(
  socket: WebSocket,
  message: string | Buffer
): Promise<[data: RawData, binary: boolean]> {
  socket.send(message)
  return (await once(socket, 'message')) as [RawData, boolean]
}

async function closeOf(socket: WebSocket): Promise<[code: number, reason: string]> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  return [code, reason.toString()]
}

test('ws talks to ws', async (t) => {
  const app = await socketApp(t)
  const gateway = await startGateway(t, ['--upstream', app.url, '--access-log', 'off'])

  await t.test('in text and in binary, up to 1 MiB, with and without compression', async (t) => {
    for (const perMessageDeflate of [true, false]) {
      const socket = new WebSocket(gateway.url.replace('http', 'ws'), { perMessageDeflate })
      t.after(() => socket.terminate())
      await once(socket, 'open')
      const [text, binaryText] = await echoOf(socket, 'grüß 👋')
      assert.equal(String(text), 'grüß 👋')
      assert.equal(binaryText, false)
      for (const size of [0, 1, 125, 126, 65_535, 65_536, MIB]) {
        const message = Buffer.alloc(size, 'abc\xff', 'latin1')
        const [data, binary] = await echoOf(socket, message)
        assert.ok(message.equals(data as Buffer), `${size} bytes`)
        assert.equal(binary, true)
      }
    }
  })

  await t.test('by ping and pong, from both ends', async (t) => {
    const socket = await open(t, gateway)
    socket.ping('from the client')
    assert.equal(String((await once(socket, 'pong'))[0]), 'from the client')
    const [peer] = app.server.clients
    peer?.ping('from the app')
    assert.equal(String((await once(peer!, 'pong'))[0]), 'from the app')
  })

  await t.test('and closes with the code and the reason that the other one gave', async (t) => {
    for (const [code, reason] of [
      [1000, 'done'],
      [1001, ''],
      [4321, 'grüß']
    ] as const) {
      const closedByApp = await open(t, gateway)
      closedByApp.send(`close ${code} ${reason}`)
      assert.deepEqual(await closeOf(closedByApp), [code, reason])
      const [connected] = await Promise.all([once(app.server, 'connection'), open(t, gateway)]).then(
        ([[peer], socket]) => {
          socket.close(code, reason)
          return [peer as WebSocket]
        }
      )
      assert.deepEqual(await closeOf(connected!), [code, reason])
    }
  })

  await t.test('a hundred at a time, counted in flight until they have ended', async (t) => {
    await settled(gateway, 2_000)
    const sockets = await Promise.all(Array.from({ length: 100 }, () => open(t, gateway)))
    const echoes = await Promise.all(sockets.map((socket, n) => echoOf(socket, `socket ${n}`)))
    assert.deepEqual(
      echoes.map(([data]) => String(data)),
      sockets.map((_, n) => `socket ${n}`)
    )
    assert.equal(await inFlight(gateway), 100)
    for (const socket of sockets) socket.close()
    await settled(gateway, 2_000)
  })

  await t.test('until the client dies, of which the app learns', async (t) => {
    const [socket, [peer]] = await Promise.all([open(t, gateway), once(app.server, 'connection')])
    const closed = closeOf(peer as WebSocket)
    socket.terminate()
    assert.equal((await closed)[0], 1006)
    await settled(gateway, 2_000)
  })

  await t.test('until the app dies, of which the client learns, and the next one gets a 502', async (t) => {
    const sockets = await Promise.all(Array.from({ length: 10 }, () => open(t, gateway)))
    const closed = Promise.all(sockets.map(closeOf))
    app.die()
    assert.ok((await closed).every(([code]) => code === 1006))
    await settled(gateway, 2_000)
    const refused = new WebSocket(gateway.url.replace('http', 'ws'))
    const [error] = (await once(refused, 'error')) as [Error]
    assert.match(error.message, /502/)
  })
  assertUnharmed(gateway)
})
