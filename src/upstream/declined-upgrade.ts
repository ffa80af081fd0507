import type { IncomingMessage } from 'node:http'
import type { Server, Socket } from 'node:net'

/** HTTP/2 has ways of its own to be asked for, and TLS begins with a handshake (RFC 9113 section 3.1, RFC 2817). */
const NEVER = /^(?:h2c?|tls\/.*)$/i
const HAS_BODY = /^(?:transfer-encoding|content-length)$/i
const ENDS_HERE = new Set(['connection', 'upgrade', 'http2-settings'])

/**
 * Whether a request that asks to change protocols is answered in the one it came in (RFC 9110 section 7.8). One with a body
 * is: what follows it would be the body to some and the new protocol to others.
 */
export function isDeclined({ headers, rawHeaders }: IncomingMessage): boolean {
  if (NEVER.test(headers.upgrade ?? '')) return true
  return rawHeaders.some((name, i) => i % 2 === 0 && HAS_BODY.test(name) && rawHeaders[i + 1] !== '0')
}

/**
 * Puts a request back on its connection without the question, for the server to read it anew: Node has taken its parser
 * off, and with it the body and all later requests. Clients such as Java's ask for h2c with every request.
 *
 * @param bytes what came after the head
 */
export function putBackPlain(
  request: IncomingMessage,
  socket: Socket & { server?: Server },
  bytes: Buffer
): void {
  const { method, url, httpVersion, rawHeaders } = request
  let head = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const value = rawHeaders[i + 1]!
    if (!ENDS_HERE.has(name.toLowerCase())) head += `${name}: ${value}\r\n`
    else if (name.length === 10) head += `${name}: ${withoutUpgrade(value)}\r\n`
  }
  socket.unshift(Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), bytes]))
  socket.server?.emit('connection', socket)
}

function withoutUpgrade(options: string): string {
  return options
    .split(',')
    .filter((option) => !/^[\t ]*(?:upgrade|http2-settings)[\t ]*$/i.test(option))
    .join(',')
}
