import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { type Listening, listening } from '../helpers/listening.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { statusUpstream } from '../helpers/upstream.ts'

async function echoServer(t: Cleanup): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', (socket, request) => {
    socket.send(String(request.headers['x-forwarded-proto']))
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function open(t: Cleanup, { url, ca }: Listening): WebSocket {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { ca })
  t.after(() => socket.terminate())
  return socket
}

const next = (socket: WebSocket): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    socket.once('message', (data: Buffer) => resolve(data)).once('error', reject)
  )

test('WebSockets pass over TLS, large messages included, and end with their client', async (t) => {
  const gateway = await listening(t, { proxy: { upstream: await echoServer(t) }, tls: true, h2c: true })
  const socket = open(t, gateway)
  assert.equal(String(await next(socket)), 'https')
  const message = Buffer.alloc(5_000_000, 'abc')
  socket.send(message)
  assert.ok((await next(socket)).equals(message))
  assert.equal(gateway.app.proxy.inFlight, 1)
  socket.close(1000)
  await new Promise((resolve) => socket.once('close', resolve))
  while (gateway.app.proxy.inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 5))
})

test('WebSockets pass where HTTP/2 is looked for first', async (t) => {
  const gateway = await listening(t, { proxy: { upstream: await echoServer(t) }, h2c: true })
  const socket = open(t, gateway)
  assert.equal(String(await next(socket)), 'http')
  socket.send('hello')
  assert.equal(String(await next(socket)), 'hello')
})

test('an upgrade over TLS that the app refuses is passed whole, and one in maintenance is answered', async (t) => {
  const upstream = await statusUpstream(t, 403, 'no', { 'x-why': 'because' })
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, tls: true })
  const statusOf = (): Promise<unknown[]> =>
    new Promise((resolve) => {
      const socket = open(t, gateway)
      socket.on('error', () => undefined)
      socket.on('unexpected-response', (_, { statusCode, headers }) =>
        resolve([statusCode, headers['x-why'], headers['intermission-reason']])
      )
    })
  assert.deepEqual(await statusOf(), [403, 'because', undefined])
  await gateway.app.maintenance.enter({})
  assert.deepEqual(await statusOf(), [503, undefined, 'maintenance'])
})

test('a stop cuts tunnels over TLS once its time is up', async (t) => {
  const gateway = await listening(t, { proxy: { upstream: await echoServer(t) }, tls: true })
  const socket = open(t, gateway)
  await next(socket)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await gateway.close(200)
  await closed
})
