import type { Readable } from 'node:stream'

// A charset that says what JSON is anyway (RFC 8259 section 8.1) is fine; anything else might be read differently by
// somebody on the way.
const JSON_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i

export function isJsonType(contentType: string | undefined): boolean {
  return contentType !== undefined && JSON_TYPE.test(contentType)
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
