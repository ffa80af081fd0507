/**
 * Reads a response with Node's own parser, and takes from it what `node:http` does as a client. Node's HTTPParser is
 * driven directly, since a request with all its events costs ten times as much; that both say the same is a test.
 */
import { createRequire } from 'node:module'
import type { FuzzCase } from './cases.ts'
import { emptyReading, type HeadRead, type Reading } from './reading.ts'

interface NodeParser {
  [callback: number]: (...args: never[]) => unknown
  initialize(type: number, resource: object, maxHeaderSize: number, leniency: number): void
  execute(bytes: Buffer): number | (Error & { code: string })
  finish(): undefined | Error
}

interface NodeParserClass {
  new (): NodeParser
  readonly RESPONSE: number
  readonly kOnMessageBegin: number
  readonly kOnHeaders: number
  readonly kOnHeadersComplete: number
  readonly kOnBody: number
  readonly kOnMessageComplete: number
  readonly kLenientNone: number
  readonly kLenientKeepAlive: number
}

// Not documented, but the same from Node 18 to 24: `node:http` and many others go this way.
const { HTTPParser } = createRequire(import.meta.url)('_http_common') as { HTTPParser: NodeParserClass }

/** Node's default is 16 KiB; more, so that our own limit is the first to be met. */
const HEAD_LIMIT_BYTES = 1_048_576

const INCLUDE_BODY = 0
const SKIP_BODY = 1
const OTHER_PROTOCOL = 2

/** `afterClose`: reads on after a message that says `Connection: close`. */
export type NodeReader = (fuzz: FuzzCase, options?: { afterClose: boolean }) => Reading

export function createNodeReader(): NodeReader {
  const parser = new HTTPParser()
  let reading = emptyReading()
  let method = ''
  let fields: string[] = []
  let finalDone = false
  let upgraded = false

  parser[HTTPParser.kOnMessageBegin] = (): void => {
    // Bytes that follow a whole response belong to nobody.
    if (finalDone) reading.keepAlive = false
  }
  parser[HTTPParser.kOnHeaders] = (more: string[]): void => {
    fields.push(...more)
  }
  parser[HTTPParser.kOnHeadersComplete] = (
    major: number,
    minor: number,
    all: string[] | undefined,
    _method: unknown,
    _url: unknown,
    status: number,
    reason: string,
    upgrade: boolean,
    keepAlive: boolean
  ): number => {
    const head: HeadRead = { version: `${major}.${minor}`, status, reason, fields: all ?? fields }
    fields = []
    if (finalDone) return INCLUDE_BODY
    if (upgrade) upgraded = true
    if (status >= 100 && status < 200 && status !== 101) {
      reading.interims.push(head)
      return upgrade ? OTHER_PROTOCOL : SKIP_BODY
    }
    reading.head = head
    reading.keepAlive = keepAlive
    if (upgrade) return OTHER_PROTOCOL
    return method === 'HEAD' || status === 304 ? SKIP_BODY : INCLUDE_BODY
  }
  parser[HTTPParser.kOnBody] = (bytes: Buffer): void => {
    if (!finalDone) reading.body += bytes.toString('latin1')
  }
  parser[HTTPParser.kOnMessageComplete] = (): void => {
    if (finalDone || reading.head === null) return
    finalDone = true
    reading.trailers = fields
    fields = []
  }

  function execute(packets: Buffer[]): void {
    for (const packet of packets) {
      const used = parser.execute(packet)
      if (typeof used !== 'number') {
        if (finalDone) {
          reading.end = 'complete'
          reading.keepAlive = false
        } else {
          reading.end = 'invalid'
          reading.detail = used.code
        }
        return
      }
      if (upgraded) {
        reading.end = 'upgrade'
        reading.rest = packet.toString('latin1', used)
        return
      }
      if (finalDone) {
        reading.end = 'complete'
        return
      }
    }
  }

  return (fuzz, { afterClose } = { afterClose: false }) => {
    reading = emptyReading()
    method = fuzz.method
    fields = []
    finalDone = false
    upgraded = false
    const leniency = afterClose ? HTTPParser.kLenientKeepAlive : HTTPParser.kLenientNone
    parser.initialize(HTTPParser.RESPONSE, {}, HEAD_LIMIT_BYTES, leniency)
    execute(fuzz.packets)
    if (reading.end !== 'waiting' || fuzz.ending === 'open') return reading
    // The end of a connection by a reset looks the same to the parser; `node:http` tells the request in time.
    if (fuzz.ending === 'end') parser.finish()
    reading.end = finalDone ? 'complete' : 'cut'
    return reading
  }
}
