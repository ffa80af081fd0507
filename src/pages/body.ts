import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import type { Coding } from './negotiate.ts'

/** One body in the codings that have been asked for so far; each is made once. */
export interface Body {
  /** The body as one character a byte, in this coding or plain where compression gains nothing. */
  in(coding: Coding): { coding: Coding; bytes: string }
}

// A page is compressed between two answers, after an edit or a change of state. Eleven, the best quality, takes a hundred
// times as long, for a tenth less.
const BROTLI_QUALITY = 5

/** Keeps a body, given as one character a byte, together with its compressed forms. */
export function createBody(bytes: string): Body {
  const plain = { coding: 'identity' as Coding, bytes }
  const made: Partial<Record<Coding, typeof plain>> = { identity: plain }
  return {
    in(coding) {
      made[coding] ??= compress(bytes, coding) ?? plain
      return made[coding]
    }
  }
}

function compress(bytes: string, coding: Coding): { coding: Coding; bytes: string } | undefined {
  const source = Buffer.from(bytes, 'latin1')
  const packed =
    coding === 'br'
      ? brotliCompressSync(source, {
          params: {
            [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
            [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
            [constants.BROTLI_PARAM_SIZE_HINT]: source.length
          }
        })
      : gzipSync(source, { level: 6 })
  return packed.length < source.length ? { coding, bytes: packed.toString('latin1') } : undefined
}
