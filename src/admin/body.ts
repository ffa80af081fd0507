import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'

// A charset that says what JSON is anyway (RFC 8259 section 8.1) is fine; anything else might be read differently by
// somebody on the way.
const JSON_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i

/** Whether a request has a body that says it is JSON, or none at all. */
export function hasJsonOrNothing(headers: IncomingHttpHeaders): boolean {
  const { 'content-type': type, 'content-length': length, 'transfer-encoding': coding } = headers
  const hasBody = coding !== undefined || (length !== undefined && length !== '0')
  return type === undefined ? !hasBody : JSON_TYPE.test(type)
}

// Enough for whoever sends the wrong file by mistake.
const TAKEN_BYTES = 8 * 1024 * 1024

/**
 * Reads a small body. One that is too large is still taken off the wire, up to 8 MiB, but not kept: a client that is
 * answered while it sends would often see a broken connection in place of the answer.
 *
 * @returns undefined when it is larger than `limitBytes`
 */
export function readBody(stream: Readable, limitBytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    stream.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= limitBytes) chunks.push(chunk)
      else chunks.length = 0
      if (length > TAKEN_BYTES) resolve(undefined)
    })
    stream.on('end', () => resolve(length <= limitBytes ? Buffer.concat(chunks) : undefined))
    stream.on('error', reject)
  })
}
