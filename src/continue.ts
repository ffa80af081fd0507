import type { IncomingMessage, ServerResponse } from 'node:http'

const kHeldBack = Symbol('intermission.continueHeldBack')

// A response over HTTP/2 has a stream, which may be closed before the response says so.
type HoldingResponse = ServerResponse & { [kHeldBack]?: boolean; stream?: { closed: boolean } }

/**
 * Holds the `100 Continue` back that Node would send at once (RFC 9110 section 10.1.1). A request that is answered
 * without it ends its connection: the client may or may not send the body then, and nobody could tell.
 */
export function holdContinueBack(_request: IncomingMessage, response: HoldingResponse): void {
  response[kHeldBack] = true
  response.shouldKeepAlive = false
}

/** Asks the client for the body, when it waits to be asked. */
export function sendContinue(response: HoldingResponse): void {
  if (response[kHeldBack] !== true || response.stream?.closed === true) return
  response[kHeldBack] = false
  response.shouldKeepAlive = true
  response.writeContinue()
}
