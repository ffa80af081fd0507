import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs'

/**
 * Reads at most so many bytes, and the facts of the very file that was read. By hand, so that a device or a pipe
 * (`--config <(generate)`) is read too, but not for ever.
 */
export function readUpTo(path: string, most: number): { bytes: Buffer; stats: Stats } {
  const buffer = Buffer.alloc(most)
  const file = openSync(path, 'r')
  try {
    let length = 0
    for (let got = -1; got !== 0 && length < most; length += got) {
      got = readSync(file, buffer, length, most - length, null)
    }
    return { bytes: buffer.subarray(0, length), stats: fstatSync(file) }
  } finally {
    closeSync(file)
  }
}
