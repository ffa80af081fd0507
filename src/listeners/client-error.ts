/** What to do with a connection on which Node's parser has found something that is no HTTP. */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { answerRaw } from './raw-answer.ts'
import { lastResponse } from './stalled.ts'
import { breakTurn } from './turns.ts'

type ClientError = NodeJS.ErrnoException & { rawPacket?: Buffer; bytesParsed?: number }

const waiting = new WeakSet<Socket>()

/**
 * Answers with a plain 400, 408, 414, 431 or 505 and ends the connection. What comes after a whole request is no fault of
 * that one: it gets its own answer first (RFC 9112 section 9.3.2).
 */
export function onClientError(error: ClientError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  // The parser says it again for everything that still comes.
  if (waiting.has(socket)) return
  const response = lastResponse(socket)
  if (response === undefined || response.closed) answerRaw(socket, statusOf(error))
  else if (response.req.complete) afterwards(error, response, socket)
  // From here on the body of its request is broken. It may still wait for its turn; nobody can be told once its answer has
  // begun.
  else if (response.socket === null) breakTurn(socket, () => answerRaw(socket, statusOf(error)))
  else if (response.headersSent) socket.destroySoon()
  else answerRaw(socket, statusOf(error))
}

function afterwards(error: ClientError, response: ServerResponse, socket: Socket): void {
  waiting.add(socket)
  response.once('close', () => {
    // After `Connection: close` nothing was to come.
    if (error.code === 'HPE_CLOSED_CONNECTION' || !socket.writable) socket.destroySoon()
    else answerRaw(socket, statusOf(error))
  })
}

function statusOf(error: ClientError): number {
  if (error.code === 'HPE_HEADER_OVERFLOW') return isWithinTarget(error) ? 414 : 431
  if (error.code === 'HPE_INVALID_VERSION') return 505
  return error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
}

// Of a head that began in an earlier packet nobody can tell.
function isWithinTarget({ rawPacket, bytesParsed = 0 }: ClientError): boolean {
  return rawPacket !== undefined && /^[A-Z]+ [^\n]*$/.test(rawPacket.toString('latin1', 0, bytesParsed))
}
