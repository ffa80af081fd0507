import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import { connect, type Socket } from 'node:net'
import { holdContinueBack } from './continue.ts'
import { IntermissionError } from './errors.ts'

export type ListenTarget = { kind: 'tcp'; host: string; port: number } | { kind: 'unix'; path: string }

export interface ListenerOptions {
  onRequest(request: IncomingMessage, response: ServerResponse): void
  /** Takes requests that ask to change protocols; without it they are answered as plain requests. */
  onUpgrade?(request: IncomingMessage, socket: Socket, bytes: Buffer): void
  /** Largest request line and fields together, in bytes. Default 32 KiB (nginx: `large_client_header_buffers` 4 x 8k). */
  maxHeaderBytes?: number
  /** Access rights of a unix socket. Default 0666: who may connect is decided by the folder. */
  socketMode?: number
}

/** A server that accepts connections. */
export interface Listener {
  /** Where it really listens: port 0 has become a port. */
  readonly target: ListenTarget
  /** Stops accepting, lets requests finish, and cuts what is left after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>
}

/** For the head of a request, in milliseconds (nginx: `client_header_timeout` 60 s; a head is small). */
const HEADERS_TIMEOUT_MS = 15_000
/** For the next request on a connection (nginx: `keepalive_timeout`). Above the 60 s of common load balancers. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000
const CONNECTIONS_CHECK_MS = 2000
const CLOSE_IDLE_EVERY_MS = 50

/** @throws IntermissionError that names the address when it cannot be listened on */
export async function openListener(target: ListenTarget, options: ListenerOptions): Promise<Listener> {
  const server = createServer({
    maxHeaderSize: options.maxHeaderBytes ?? 32_768,
    headersTimeout: HEADERS_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: CONNECTIONS_CHECK_MS,
    // An upload takes the time it takes.
    requestTimeout: 0
  })
  // Bounded by bytes above; Node would drop what is over its default of 2000 without a word.
  server.maxHeadersCount = 0
  server.on('request', options.onRequest)
  server.on('checkContinue', (request, response) => {
    holdContinueBack(request, response)
    options.onRequest(request, response)
  })
  if (options.onUpgrade) server.on('upgrade', options.onUpgrade)
  server.on('connect', (_request, socket: Socket) => answerRaw(socket, 405))
  server.on('clientError', onClientError)
  const open = trackConnections(server)
  await listen(server, target, options.socketMode ?? 0o666)
  return {
    get target() {
      const address = server.address()
      return target.kind === 'tcp' && address !== null && typeof address === 'object'
        ? { ...target, port: address.port }
        : target
    },
    close: (timeoutMs) => closeServer(server, open, timeoutMs)
  }
}

async function listen(server: Server, target: ListenTarget, socketMode: number): Promise<void> {
  const where = target.kind === 'unix' ? target.path : `${target.host}:${target.port}`
  if (target.kind === 'unix') await removeStaleSocket(target.path)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(
        new IntermissionError('ERR_CONFIG_INVALID', `cannot listen on ${where}: ${explain(cause)}`, { cause })
      )
    })
    if (target.kind === 'unix') server.listen({ path: target.path, backlog: 1024 }, resolve)
    else server.listen({ host: target.host, port: target.port, backlog: 1024 }, resolve)
  })
  if (target.kind === 'unix') chmodSync(target.path, socketMode)
}

function explain(error: NodeJS.ErrnoException): string {
  if (error.code === 'EADDRINUSE') return 'something else listens there'
  if (error.code === 'EACCES') return 'no permission'
  if (error.code === 'EADDRNOTAVAIL') return 'this machine has no such address'
  return error.message
}

// A process that was killed leaves its socket file behind, and nobody could listen there again.
async function removeStaleSocket(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return
  const alive = await new Promise<boolean>((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => resolve(true)).once('error', () => resolve(false))
    probe.once('connect', () => probe.destroy())
  })
  if (!alive) unlinkSync(path)
}

// Upgraded connections are no longer the server's, but still ours to end.
function trackConnections(server: Server): Set<Socket> {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return open
}

async function closeServer(server: Server, open: Set<Socket>, timeoutMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS)
  server.closeIdleConnections()
  const cut = setTimeout(() => {
    for (const socket of open) socket.destroy()
  }, timeoutMs)
  await closed
  while (open.size > 0) await new Promise((resolve) => setTimeout(resolve, CLOSE_IDLE_EVERY_MS))
  clearInterval(idle)
  clearTimeout(cut)
}

// What Node's parser refuses never becomes a request (RFC 9112 section 2.2): a plain answer, and the connection ends.
function onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  if (error.code === 'HPE_HEADER_OVERFLOW') answerRaw(socket, 431)
  else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') answerRaw(socket, 408)
  else answerRaw(socket, 400)
}

function answerRaw(socket: Socket, status: number): void {
  const body = `${status} ${STATUS_CODES[status]}\n`
  socket.on('error', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${body.length}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroySoon()
  )
}
