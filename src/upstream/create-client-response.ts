import type { IncomingMessage, ServerResponse } from 'node:http'
import { isHttp2 } from '../is-http2.ts'
import type { ClientResponse } from './client-response.ts'
import { Http1Response } from './http1-response.ts'
import { Http2Response } from './http2-response.ts'

/** The client's side of a relay in the protocol of the request. */
export function createClientResponse(request: IncomingMessage, response: ServerResponse): ClientResponse {
  return isHttp2(request)
    ? new Http2Response(response)
    : new Http1Response(response, request.httpVersionMinor === 1)
}
