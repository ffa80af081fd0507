/** One connection after the other through a proxy, and what reaches the app behind it. */
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { answersIn, isUnreadable } from '../bad-input/wire.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'

/** What came of one case. */
export interface Seen {
  /** Each request as the app has read it, in the order in which they came. */
  requests: Request[]
  /** Statuses of the answers that the client got. */
  answers: string[]
  /** The app could not read what it got. */
  unreadable: boolean
}

export interface Request {
  method: string
  target: string
  host: string
  /** In latin1; cut when the other side left in its middle. */
  body: string
  isWhole: boolean
}

export interface App {
  port: number
  take(): Pick<Seen, 'requests' | 'unreadable'>
  /** Requests whose end has not been seen. */
  readonly open: number
}

/** An app that writes down what it reads, strictly. */
export async function openApp(t: Cleanup): Promise<App> {
  let requests: Request[] = []
  let unreadable = false
  let open = 0
  // nginx passes requests without a host on as they are.
  const server = createServer({ requireHostHeader: false }, (request, response) => {
    const one = {
      method: request.method ?? '',
      target: request.url ?? '',
      host: request.headers.host ?? '',
      body: '',
      isWhole: false
    }
    requests.push(one)
    open++
    void readBody(request, one).then(() => {
      open--
      response.end('ok')
    })
  })
  server.keepAliveTimeout = 60_000
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (isUnreadable(error)) unreadable = true
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.closeAllConnections())
  t.after(() => server.close())
  return {
    port: (server.address() as AddressInfo).port,
    get open() {
      return open
    },
    take() {
      const taken = { requests, unreadable }
      requests = []
      unreadable = false
      return taken
    }
  }
}

async function readBody(request: IncomingMessage, one: Request): Promise<void> {
  try {
    for await (const chunk of request) one.body += (chunk as Buffer).toString('latin1')
    one.isWhole = request.complete
  } catch {
    // It broke off.
  }
}

/** A proxy that has said nothing for so long waits for more, and is told that there is none. */
const QUIET_MS = 80
const LONGEST_MS = 5000

/** Sends bytes over a new connection, and waits until nothing more comes of them. */
export async function send(port: number, bytes: string, app: App): Promise<Seen> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  let received = ''
  let quiet = setTimeout(() => socket.end(), QUIET_MS)
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    received += text
    clearTimeout(quiet)
    quiet = setTimeout(() => socket.end(), QUIET_MS)
  })
  socket.on('error', () => undefined)
  socket.on('end', () => socket.end())
  const longest = setTimeout(() => socket.destroy(), LONGEST_MS)
  socket.write(bytes, 'latin1')
  await new Promise((resolve) => socket.once('close', resolve))
  clearTimeout(quiet)
  clearTimeout(longest)
  // What the proxy has begun to pass on, it ends or breaks off.
  for (let tries = 0; app.open > 0 && tries < 100; tries++)
    await new Promise((resolve) => setTimeout(resolve, 2))
  return { ...app.take(), answers: answersIn(received) }
}
