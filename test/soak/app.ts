// The app behind the gateway of the soak: usage: app.ts PORT. SIGTERM lets it finish what it has begun.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { EVENTS, EVENTS_EVERY_MS } from './kinds.ts'

const PIECE = Buffer.alloc(64 * 1024, 'x')
let stopping = false

const server = createServer((request, response) => {
  if (stopping) response.setHeader('Connection', 'close')
  // Whoever leaves, of visitors or of their requests, leaves in the middle.
  answer(request, response).catch(() => response.destroy())
})
const sockets = new WebSocketServer({ server })
sockets.on('connection', (socket) =>
  socket.on('error', () => undefined).on('message', (text) => socket.send(text))
)
server.listen(Number(process.argv[2]), '127.0.0.1', () =>
  console.log(`port ${(server.address() as AddressInfo).port}`)
)
process.on('SIGTERM', () => {
  stopping = true
  for (const socket of sockets.clients) socket.close(1001)
  // Whoever is in the queue by now is let in first: closing resets those who are left in it.
  setImmediate(() => setImmediate(() => server.close(() => process.exit(0))))
})

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://app')
  const bytes = Number(searchParams.get('bytes'))
  if (pathname === '/download') {
    response.writeHead(200, { 'content-length': bytes })
    for (let left = bytes; left > 0; left -= PIECE.length) {
      const fits = response.write(PIECE.subarray(0, Math.min(left, PIECE.length)))
      if (!fits) await new Promise((resolve) => response.once('drain', resolve).once('close', resolve))
      if (response.destroyed) return
    }
    response.end()
  } else if (pathname === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    for (let n = 0; n < EVENTS && !response.destroyed; n++) {
      response.write(`data: ${n}\n\n`)
      await new Promise((resolve) => setTimeout(resolve, EVENTS_EVERY_MS))
    }
    response.end()
  } else if (pathname === '/upload') {
    let got = 0
    for await (const piece of request) got += (piece as Buffer).length
    response.end(String(got))
  } else {
    let body = ''
    for await (const piece of request.setEncoding('latin1')) body += piece as string
    response.end(`${request.method} ${request.url} ${body}`)
  }
}
