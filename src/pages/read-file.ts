import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/**
 * Reads a small file whole.
 *
 * @returns its bytes, one character each
 * @throws Error that says what is wrong: empty, too large, not a regular file, or the system's own error
 */
export function readSmallFile(path: string, limitBytes: number): string {
  // Not to wait for the writer of a FIFO.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw new Error('is not a regular file')
    if (stats.size > limitBytes) throw new Error(`is larger than ${limitBytes} bytes`)
    // What it says of its size may be old by now.
    const buffer = Buffer.allocUnsafe(Math.min(limitBytes, stats.size + 64 * 1024) + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(fd, buffer, length, buffer.length - length, length)
    }
    if (length === 0) throw new Error('is empty')
    if (length > limitBytes) throw new Error(`is larger than ${limitBytes} bytes`)
    if (length === buffer.length) throw new Error('is growing while it is read')
    return buffer.toString('latin1', 0, length)
  } finally {
    closeSync(fd)
  }
}
