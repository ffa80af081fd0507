import type { BigIntStats } from 'node:fs'

export type FileCoding = 'br' | 'gzip'

/** A file in the coding that a client gets. */
export interface Compressed {
  coding: FileCoding
  file: BigIntStats
}

/** The best first, for a client that does not care. */
const EXTENSIONS: readonly [FileCoding, string][] = [
  ['br', '.br'],
  ['gzip', '.gz']
]

/**
 * Looks beside a file for itself in compressed form (nginx: `gzip_static`; Caddy: `precompressed`). One that is older than
 * the file is left over from an earlier one.
 *
 * @param find a file below the root, as `findFile` gives it
 */
export function findCompressed(
  path: string,
  original: BigIntStats,
  acceptEncoding: string | undefined,
  find: (path: string) => BigIntStats | undefined
): Compressed | null {
  let best: Compressed | null = null
  let bestWeight = 0
  for (const [coding, extension] of EXTENSIONS) {
    const weight = weightOf(acceptEncoding ?? '', coding)
    if (weight <= bestWeight) continue
    const file = find(path + extension)
    if (file === undefined || file.mtimeNs < original.mtimeNs) continue
    best = { coding, file }
    bestWeight = weight
  }
  return best
}

/** How much a client wants a coding, from 0 to 1 (RFC 9110 section 12.5.3). */
export function weightOf(acceptEncoding: string, coding: string): number {
  let any = 0
  for (const member of acceptEncoding.split(',')) {
    const [name = '', ...parameters] = member
      .trim()
      .toLowerCase()
      .split(/[\t ]*;[\t ]*/)
    if (name !== coding && name !== '*' && !(name === 'x-gzip' && coding === 'gzip')) continue
    const weight = weightIn(parameters)
    if (name !== '*') return weight
    any = weight
  }
  return any
}

function weightIn(parameters: string[]): number {
  const text = parameters.find((parameter) => parameter.startsWith('q='))
  if (text === undefined) return 1
  return /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text.slice(2)) : 0
}
