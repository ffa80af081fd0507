import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'

const LONGEST_WAIT_MS = 2000
const POLL_MS = 10

/**
 * Reads at most so many bytes, and the facts of the very file that was read. By hand, so that a device or a pipe
 * (`--config <(generate)`) is read too, but neither without end nor for ever: nobody is served meanwhile.
 *
 * @throws Error when a pipe is empty, or its writer is silent for two seconds; the system's own error
 */
export function readUpTo(path: string, most: number): { bytes: Buffer; stats: Stats } {
  const buffer = Buffer.alloc(most)
  // Without O_NONBLOCK, opening a FIFO waits for a writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(file)
    let length = 0
    for (let got = -1; got !== 0 && length < most; length += got)
      got = readSome(file, buffer.subarray(length))
    if (length === 0 && stats.isFIFO()) throw new Error('nothing is in this pipe')
    return { bytes: buffer.subarray(0, length), stats }
  } finally {
    closeSync(file)
  }
}

/** @returns how many bytes; 0 at the end */
function readSome(file: number, into: Buffer): number {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    try {
      return readSync(file, into, 0, into.length, null)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || waitedMs >= LONGEST_WAIT_MS) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS)
    }
  }
}
