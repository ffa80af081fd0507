import type { IncomingMessage } from 'node:http'

/** Whether a request came over HTTP/2. Not by its version alone: a request line of HTTP/1 may claim that as well. */
export function isHttp2(request: IncomingMessage): boolean {
  return request.httpVersionMajor === 2 && 'stream' in request
}
