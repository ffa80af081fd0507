import type { ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { rawTarget } from './raw-target.ts'

/** Status of a client that left before it was answered, in the log only (nginx: 499). */
const CLIENT_CLOSED_REQUEST = 499
/** Lines wait until the end of the turn of the event loop, or until there are this many characters of them. */
const FLUSH_AT_CHARS = 16_384

/**
 * Writes one JSON line for each request, when it is over. The query is left out, since it may hold secrets, and so are
 * all headers but Host.
 *
 * @param output takes whole lines; several may come in one write
 */
export function addAccessLog(fastify: FastifyInstance, output: NodeJS.WritableStream): void {
  const write = createLineBuffer(output)
  fastify.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, done: () => void) => {
    const startMs = performance.now()
    const { raw } = request
    const peer = raw.socket.remoteAddress ?? ''
    reply.raw.once('close', () => {
      const path = withoutQuery(rawTarget(raw))
      write(
        `{"level":30,"time":${Date.now()},"msg":"request","requestId":"${request.id}","peer":"${peer}",` +
          `"method":"${raw.method}","host":${JSON.stringify(raw.headers.host ?? '')},"path":${JSON.stringify(path)},` +
          `"status":${loggedStatus(reply.raw)},"durationMs":${(performance.now() - startMs).toFixed(1)}}\n`
      )
    })
    done()
  })
}

// A relayed answer over HTTP/2 is known to its stream only.
function loggedStatus(response: ServerResponse & { stream?: ServerHttp2Stream }): number {
  if (!response.headersSent) return CLIENT_CLOSED_REQUEST
  return response.stream === undefined ? response.statusCode : Number(response.stream.sentHeaders[':status'])
}

function withoutQuery(target: string): string {
  const mark = target.indexOf('?')
  return mark === -1 ? target : target.slice(0, mark)
}

// One write for many lines: a write each costs more than the line itself.
function createLineBuffer(output: NodeJS.WritableStream): (line: string) => void {
  let lines = ''
  const flush = (): void => {
    const text = lines
    lines = ''
    if (text !== '') output.write(text)
  }
  return (line) => {
    if (lines === '') setImmediate(flush)
    lines += line
    if (lines.length >= FLUSH_AT_CHARS) flush()
  }
}
