import type { ClientHead } from './client-response.ts'
import type { RequestHead } from './request-head.ts'
import type { ResponseHead } from './response-head.ts'

/**
 * The head of the upstream's response as it goes to the client.
 *
 * @param extraHeaders fields to add, as name, value, ...
 */
export function clientHead(
  head: ResponseHead,
  { acceptsTrailers }: RequestHead,
  extraHeaders: readonly string[]
): ClientHead {
  const { status, reasonPhrase, rawHeaders: fields, framing, trailer, upgrade } = head
  if (trailer !== null && acceptsTrailers) fields.push('Trailer', trailer)
  // A 426 says which protocol would do (RFC 9110 section 15.5.22).
  if (status === 426 && upgrade !== null) fields.push('Upgrade', upgrade)
  if (extraHeaders.length > 0) fields.push(...extraHeaders)
  const trailers = acceptsTrailers && framing === 'chunked'
  return { status, reasonPhrase, fields, framing, trailers, hasAdded: extraHeaders.length > 0 }
}
