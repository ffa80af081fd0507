/** Fields of requests and answers that the framework has a hand in. */
import type { IncomingMessage } from 'node:http'

/** What hooks of an app may have set on a reply. */
interface Reply {
  getHeaders(): Record<string, number | string | string[] | undefined>
}

const NOTHING: string[] = []

/** Fields that hooks of the app have set on the reply belong to the answer, whoever gives it. @returns names and values in turn */
export function setOnReply(reply: Reply): string[] {
  const headers = reply.getHeaders()
  let flat = NOTHING
  for (const name in headers) {
    const value = headers[name]
    if (flat === NOTHING) flat = []
    for (const one of Array.isArray(value) ? value : [value]) flat.push(name, String(one))
  }
  return flat
}

/** Fastify answers 415 to a Content-Type that it cannot read; the true one stays in `rawHeaders`, which is what is sent. */
export function hideContentType(request: { raw: IncomingMessage }, _reply: unknown, done: () => void): void {
  request.raw.headers['content-type'] = 'application/octet-stream'
  done()
}
