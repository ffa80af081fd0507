/**
 * Real upstreams for the tests: on a TCP port or a unix socket, healthy or broken in one particular way. Whoever opens
 * one hands over the test's context, and it is closed when that test ends.
 */
import { linkSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cleanup, tempDir } from './temp-dir.ts'

/** What an upstream was asked, as it came over the wire. */
export interface SeenRequest {
  method: string
  url: string
  httpVersion: string
  /** Names and values by turns, in the order and case of the wire. */
  rawHeaders: string[]
  rawTrailers: string[]
  /** The whole body as latin1, so that every byte survives. */
  body: string
}

/** A running upstream. */
export interface Upstream {
  /** What `--upstream` takes: `http://127.0.0.1:PORT` or `unix:/path.sock`. */
  readonly url: string
  /** The TCP port, or 0 on a unix socket. */
  readonly port: number
  /** The path of the unix socket, if it listens on one. */
  readonly socketPath: string | undefined
  /** Everything asked so far (only upstreams that speak HTTP), pushed when the request is complete. */
  readonly seen: SeenRequest[]
  /** Connections open at this moment. */
  readonly connections: number
  /** Stops listening and cuts every connection. Harmless when it is stopped already. */
  stop(): Promise<void>
  /** Listens again at the very same place. */
  start(): Promise<void>
}

/** Where an upstream listens. */
export interface Place {
  /** Listen on a unix socket in a folder of the test's own instead of a TCP port. Default false. */
  unix?: boolean
}

/** Handles one request; may be async. `seen` is the list of its upstream, for {@link readRequest}. */
export type Handler = (request: IncomingMessage, response: ServerResponse, seen: SeenRequest[]) => unknown

/** Answers every request with 200 and a JSON echo: a {@link SeenRequest}. */
export function okUpstream(t: Cleanup, place: Place = {}): Promise<Upstream> {
  return httpUpstream(t, echo, place)
}

/** Answers by a handler of the test's own. A handler that throws, as when the client went away, cuts the connection. */
export function httpUpstream(t: Cleanup, handler: Handler, place: Place = {}): Promise<Upstream> {
  const seen: SeenRequest[] = []
  const server = createServer(
    { maxHeaderSize: 64 * 1024, keepAliveTimeout: 60_000 },
    async (request, response) => {
      try {
        await handler(request, response, seen)
      } catch {
        response.destroy()
      }
    }
  )
  return openUpstream(t, server, place, seen)
}

/** Answers every request with this status, a text body and these headers, as an app does with an error of its own. */
export function statusUpstream(
  t: Cleanup,
  status: number,
  body = `the app's own ${status}`,
  headers: Record<string, string> = {},
  place: Place = {}
): Promise<Upstream> {
  return httpUpstream(
    t,
    async (request, response, seen) => {
      await readRequest(request, seen)
      response.writeHead(status, { 'content-type': 'text/plain', 'x-from': 'the-app', ...headers }).end(body)
    },
    place
  )
}

/** Answers as {@link okUpstream} after a delay, so that requests overlap. */
export function slowUpstream(t: Cleanup, delayMs: number, place: Place = {}): Promise<Upstream> {
  return httpUpstream(
    t,
    async (request, response, seen) => {
      await sleep(delayMs)
      await echo(request, response, seen)
    },
    place
  )
}

/** Takes connections and requests and never says a word. */
export function hangingUpstream(t: Cleanup, place: Place = {}): Promise<Upstream> {
  return tcpUpstream(t, (socket) => socket.resume(), place)
}

/** Resets the connection as soon as something was sent. */
export function resettingUpstream(t: Cleanup, place: Place = {}): Promise<Upstream> {
  // A unix socket knows no RST; there the close without an answer is as near as it gets.
  return tcpUpstream(
    t,
    (socket) => socket.once('data', () => (place.unix ? socket.destroy() : socket.resetAndDestroy())),
    place
  )
}

/** Sends these bytes as soon as something was asked, then closes: not HTTP at all by default. */
export function garbageUpstream(
  t: Cleanup,
  bytes: string | Buffer = '\x00\x01 not http \r\n\r\n',
  place: Place = {}
): Promise<Upstream> {
  return tcpUpstream(t, (socket) => socket.once('data', () => socket.end(bytes)), place)
}

/** Raw access to every connection, for an upstream that misbehaves in a way of its own. */
export function tcpUpstream(
  t: Cleanup,
  onConnection: (socket: Socket) => unknown,
  place: Place = {}
): Promise<Upstream> {
  return openUpstream(t, createTcpServer(onConnection), place, [])
}

/** The URL of a TCP port on which nobody listens. */
export async function refusingUpstream(): Promise<string> {
  // Below the ephemeral range (32768 on Linux), so that no listener on port 0 of a test beside this one gets it.
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000)
    const server = createTcpServer()
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!free) continue
    await new Promise<void>((resolve) => server.close(() => resolve()))
    return `http://127.0.0.1:${port}`
  }
}

/** The URL of a unix socket whose file does not exist. */
export function missingSocket(t: Cleanup): string {
  return `unix:${join(tempDir(t), 'missing.sock')}`
}

/** The URL of a unix socket whose file is left over from a server that was killed. */
export async function staleSocket(t: Cleanup): Promise<string> {
  const dir = tempDir(t)
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(join(dir, 'own.sock'), resolve))
  // close() removes the file it made but knows nothing of a second name for it.
  linkSync(join(dir, 'own.sock'), join(dir, 'stale.sock'))
  await new Promise<void>((resolve) => server.close(() => resolve()))
  return `unix:${join(dir, 'stale.sock')}`
}

/** Reads a request to its end and notes it in `seen`. */
export async function readRequest(request: IncomingMessage, seen: SeenRequest[]): Promise<SeenRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { method = '', url = '', httpVersion, rawHeaders, rawTrailers } = request
  const body = Buffer.concat(chunks).toString('latin1')
  const one = { method, url, httpVersion, rawHeaders, rawTrailers, body }
  seen.push(one)
  return one
}

async function echo(request: IncomingMessage, response: ServerResponse, seen: SeenRequest[]): Promise<void> {
  const body = JSON.stringify(await readRequest(request, seen))
  const length = Buffer.byteLength(body)
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': length,
    'x-from': 'the-app'
  })
  response.end(body)
}

async function openUpstream(
  t: Cleanup,
  server: Server,
  place: Place,
  seen: SeenRequest[]
): Promise<Upstream> {
  const socketPath = place.unix ? join(tempDir(t), 'upstream.sock') : undefined
  const sockets = new Set<Socket>()
  let port = 0

  server.on('connection', (socket) => {
    sockets.add(socket)
    // A peer that resets is part of the game here.
    socket.on('error', () => socket.destroy())
    socket.once('close', () => sockets.delete(socket))
  })

  async function start(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      const listening = (): void => {
        server.off('error', reject)
        resolve()
      }
      if (socketPath) server.listen(socketPath, listening)
      else server.listen(port, '127.0.0.1', listening)
    })
    if (!socketPath) port = (server.address() as AddressInfo).port
  }

  async function stop(): Promise<void> {
    if (!server.listening) return
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of sockets) socket.destroy()
    await closed
  }

  await start()
  t.after(stop)
  return {
    url: socketPath ? `unix:${socketPath}` : `http://127.0.0.1:${port}`,
    port,
    socketPath,
    seen,
    get connections() {
      return sockets.size
    },
    stop,
    start
  }
}
