/**
 * Reads the chunked coding (RFC 9112 section 7.1) from an upstream, strictly and with bounds.
 */
import { UpstreamError } from './failure.ts'
import { trimOws } from './response-head.ts'

const CHUNK_LINE_LIMIT_BYTES = 4096
const TRAILER_LIMIT_BYTES = 16_384
const MAX_CHUNK_SIZE_DIGITS = 12
const FIELD_LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*$/
// What chunk extensions say is ignored as RFC 9112 section 7.1.1 asks. They are held to its grammar all the same, without
// the white space that it tolerates: request smuggling has often begun here.
const EXTENSIONS =
  /^(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+|"(?:[\t !#-[\]-~\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?)*$/
// A length here would come too late, and whoever believed it would read on at another place (RFC 9110 section 6.5.1).
const FRAMING_FIELD = /^(?:content-length|transfer-encoding)$/i
// These end at this hop, in the trailer section as in the head.
const HOP_FIELD = /^(?:connection|keep-alive|proxy-connection|te|trailer|upgrade)$/i
const CR = 0x0d
const LF = 0x0a

/** Called back for every run of body bytes. */
export type BodySink = (bytes: Buffer) => void

export interface ChunkedDecoder {
  /**
   * Reads on. Returns how many bytes of `bytes` belonged to this body; `done` is true when that was its end.
   * @throws UpstreamError `invalid-response` for a malformed coding
   */
  read(bytes: Buffer, sink: BodySink): number
  readonly done: boolean
  /** Trailer fields as name, value, ... once done. */
  readonly trailers: string[]
}

const PHASE = { size: 0, data: 1, dataEnd: 2, trailer: 3, done: 4 } as const

export function createChunkedDecoder(): ChunkedDecoder {
  let phase: number = PHASE.size
  let left = 0
  let line = ''
  let trailerBytes = 0
  const trailers: string[] = []

  // Collects up to CRLF; returns the index after it, or -1 when the line goes on in the next bytes.
  function readLine(bytes: Buffer, from: number, limit: number): number {
    const lf = bytes.indexOf(LF, from)
    const end = lf === -1 ? bytes.length : lf + 1
    line += bytes.toString('latin1', from, end)
    if (line.length > limit) throw invalid('a chunk or trailer line that is too long')
    if (lf === -1) return -1
    if (line.length < 2 || line.charCodeAt(line.length - 2) !== CR)
      throw invalid('a bare LF in the chunked coding')
    line = line.slice(0, -2)
    return end
  }

  function takeSize(): void {
    const semicolonOrEnd = line.search(/[^0-9a-fA-F]/)
    const digits = semicolonOrEnd === -1 ? line : line.slice(0, semicolonOrEnd)
    if (digits === '' || digits.length > MAX_CHUNK_SIZE_DIGITS) throw invalid('malformed chunk size')
    if (semicolonOrEnd !== -1 && !EXTENSIONS.test(line.slice(semicolonOrEnd)))
      throw invalid('malformed chunk extension')
    left = Number.parseInt(digits, 16)
    phase = left === 0 ? PHASE.trailer : PHASE.data
    line = ''
  }

  function takeTrailer(): void {
    if (line === '') {
      phase = PHASE.done
      return
    }
    trailerBytes += line.length
    if (trailerBytes > TRAILER_LIMIT_BYTES || !FIELD_LINE.test(line)) throw invalid('malformed trailer field')
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    if (FRAMING_FIELD.test(name)) throw invalid('a trailer field about the length')
    if (!HOP_FIELD.test(name)) trailers.push(name, trimOws(line, colon + 1, line.length))
    line = ''
  }

  return {
    trailers,
    get done() {
      return phase === PHASE.done
    },
    read(bytes, sink) {
      let at = 0
      while (at < bytes.length && phase !== PHASE.done) {
        if (phase === PHASE.data) {
          const end = Math.min(bytes.length, at + left)
          left -= end - at
          sink(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end))
          at = end
          if (left === 0) phase = PHASE.dataEnd
          continue
        }
        const limit = phase === PHASE.trailer ? TRAILER_LIMIT_BYTES : CHUNK_LINE_LIMIT_BYTES
        const next = readLine(bytes, at, limit)
        if (next === -1) return bytes.length
        at = next
        if (phase === PHASE.size) takeSize()
        else if (phase === PHASE.trailer) takeTrailer()
        else if (line !== '') throw invalid('a chunk longer than its size')
        else phase = PHASE.size
      }
      return at
    }
  }
}

function invalid(detail: string): UpstreamError {
  return new UpstreamError('invalid-response', detail)
}
