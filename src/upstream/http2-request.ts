import type { IncomingMessage } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'

// RFC 9110 section 5.5, as octets. Node's HTTP/2 library checks as much; but what slipped through here would become a
// line of its own in the HTTP/1.1 that we write.
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
// What Node's HTTP/1 parser takes for a target, so that both protocols mean the same.
const TARGET = /^[\x21-\x7e]*$/

/** The method expects a body, so that none is said with a length of 0 (RFC 9110 section 8.6). */
const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH'])

/**
 * Says the fields of an HTTP/2 request as HTTP/1.1 does (RFC 9113 sections 8.2 and 8.3): `:authority` becomes the one
 * Host, crumbs of a cookie become one field.
 *
 * @returns name, value, name, value, ...; null when a field cannot be said
 */
export function toHttp1Fields(request: IncomingMessage, target: string): string[] | null {
  if (!TARGET.test(target)) return null
  const { rawHeaders } = request
  let host: string | null = null
  let cookie = ''
  let hasLength = false
  const fields: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    const value = rawHeaders[i + 1]!
    if (name.charCodeAt(0) === 0x3a) {
      if (name === ':authority' && value !== '') host = value
      continue
    }
    if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(value)) return null
    if (name === 'cookie') cookie += cookie === '' ? value : `; ${value}`
    else if (name === 'host') host ??= value
    else fields.push(name, value)
    if (name === 'content-length') hasLength = true
  }
  if (cookie !== '') fields.push('cookie', cookie)
  if (!hasLength && endsWithHead(request) && METHODS_WITH_BODY.has(request.method ?? ''))
    fields.push('content-length', '0')
  return host === null ? null : ['host', host, ...fields]
}

/** Whether the client has said with the head that no body follows. */
export function endsWithHead(request: IncomingMessage): boolean {
  return (request as unknown as Http2ServerRequest).stream.endAfterHeaders
}
