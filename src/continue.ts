import type { IncomingMessage, ServerResponse } from 'node:http'

const kHeldBack = Symbol('intermission.continueHeldBack')

// A response over HTTP/2 has a stream, which may be closed before the response says so.
type HoldingResponse = ServerResponse & {
  [kHeldBack]?: { shouldKeepAlive: boolean } | null
  stream?: { closed: boolean }
}

/**
 * Holds the `100 Continue` back that Node would send at once (RFC 9110 section 10.1.1). A request that is answered
 * without it ends its connection: the client may or may not send the body then, and nobody could tell.
 */
export function holdContinueBack({ headers }: IncomingMessage, response: HoldingResponse): void {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
  // There is nothing to hold back. Node would end the connection after an answer without a 100.
  if (!hasBody && response.stream === undefined) {
    response.writeContinue()
    return
  }
  response[kHeldBack] = { shouldKeepAlive: response.shouldKeepAlive }
  response.shouldKeepAlive = false
}

/** Asks the client for the body, when it waits to be asked. */
export function sendContinue(response: HoldingResponse): void {
  const held = response[kHeldBack]
  if (!held || response.stream?.closed === true) return
  response[kHeldBack] = null
  response.shouldKeepAlive = held.shouldKeepAlive
  response.writeContinue()
}
