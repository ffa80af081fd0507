import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { type AccessEntry, combinedLine, jsonLine } from './log-lines.ts'
import { addObserver, answeredStatus, observe } from './observation.ts'
import { createClientAddress } from './peer.ts'
import { rawTarget } from './raw-target.ts'

/** How a request is written down: as JSON, or as web servers have done it since the NCSA's. */
export type AccessLogFormat = 'json' | 'combined'

export interface AccessLogOptions {
  format: AccessLogFormat
  /** Takes whole lines; several may come in one write. */
  output: NodeJS.WritableStream
  /** Name of the site, where there are several. */
  site?: string | undefined
  /** Peers that are believed about whom they speak for, as the option of that name. */
  trustProxy?: readonly string[]
}

/** Lines wait until the end of the turn of the event loop, or until there are this many characters of them. */
const FLUSH_AT_CHARS = 16_384

/**
 * Writes one line for each request, when it is over. Queries are left out, since they may hold secrets, and so are cookies
 * and authorizations.
 */
export function addAccessLog(fastify: FastifyInstance, options: AccessLogOptions): void {
  const { format, output, site, trustProxy = [] } = options
  const write = createLineBuffer(output)
  const lineOf = format === 'json' ? jsonLine : combinedLine
  // Without proxies in front of us everybody is who the connection says.
  const clientOf = trustProxy.length === 0 ? null : createClientAddress(trustProxy)
  addObserver(fastify, (raw, response, id) => {
    const observation = observe(response, fastify)
    // Once the connection is gone it knows neither.
    const peer = raw.socket.remoteAddress ?? ''
    const sentBefore = raw.socket.bytesWritten
    response.on('close', function (this: ServerResponse) {
      if (observation.app !== fastify) return
      const entry: AccessEntry = {
        id,
        site,
        peer,
        client: clientOf?.(raw) ?? peer,
        request: raw,
        path: withoutQuery(rawTarget(raw)),
        status: answeredStatus(this),
        durationMs: performance.now() - observation.startMs,
        observation,
        sentBytes: raw.httpVersionMajor === 1 ? raw.socket.bytesWritten - sentBefore : null
      }
      write(lineOf(entry))
    })
  })
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
