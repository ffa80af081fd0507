import { type ServerResponse, STATUS_CODES } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { Socket } from 'node:net'

/** Answers what never became a request (RFC 9112 section 2.2): a plain answer, and the connection ends. */
export function answerRaw(socket: Socket, status: number): void {
  const body = plainBody(status)
  socket.on('error', () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${body.length}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroySoon()
  )
}

/** Answers a request that nobody else is asked about. */
export function answerPlain(response: ServerResponse | Http2ServerResponse, status: number): void {
  const body = plainBody(status)
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': body.length,
    'cache-control': 'no-store'
  })
  response.end(body)
}

// One line that says a status.
function plainBody(status: number): string {
  return `${status} ${STATUS_CODES[status]}\n`
}
