import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { createTrust } from './peer.ts'

const GIVEN = /^[\w.:+/=@-]{1,128}$/
const RANDOM_BYTES = 4

/**
 * Names requests for the log and the pages: with the X-Request-ID of a trusted peer, which the app gets too, else with a
 * number of our own, which begins with some letters of this process, so that those of several do not meet.
 *
 * @param trustProxy as the option of that name
 */
export function createRequestIds(trustProxy: readonly string[]): (request: IncomingMessage) => string {
  const isTrusted = createTrust(trustProxy)
  const prefix = randomBytes(RANDOM_BYTES).toString('hex')
  let count = 0
  return (request) => {
    const given = request.headers['x-request-id']
    if (typeof given === 'string' && GIVEN.test(given) && isTrusted(request.socket)) return given
    count++
    return `${prefix}-${count}`
  }
}
