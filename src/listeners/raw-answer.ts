import { STATUS_CODES } from 'node:http'
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

/** One line that says a status. */
export function plainBody(status: number): string {
  return `${status} ${STATUS_CODES[status]}\n`
}
