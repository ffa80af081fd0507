import { X509Certificate } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/** Longer than any bundle of certificates that there is. */
const PEM_LIMIT_BYTES = 1_048_576

/** Reads a file of certificates or a key, as {@link readSmallFile}. */
export function readPemFile(path: string): Buffer {
  return readSmallFile(path, PEM_LIMIT_BYTES)
}

/** The same of certificates to verify others with: Node takes a file without any in silence, and then trusts nobody. */
export function readAuthorities(path: string): Buffer {
  const pem = readPemFile(path)
  try {
    new X509Certificate(pem)
  } catch (cause) {
    throw new Error('it holds no certificate in PEM form', { cause })
  }
  return pem
}

/**
 * Reads a small regular file whole. Never waits, so that a reload can use it: reading the other kinds, such as a FIFO that
 * has no writer, may take for ever, and nobody would be served meanwhile.
 *
 * @throws Error that says what is wrong: empty, too large, not a regular file, or the system's own error
 */
export function readSmallFile(path: string, limitBytes: number): Buffer {
  // Without O_NONBLOCK, opening a FIFO waits for a writer.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw new Error('it is not a regular file')
    if (stats.size > limitBytes) throw new Error(`it is larger than ${limitBytes} bytes`)
    // What it says of its size may be old by now.
    const buffer = Buffer.allocUnsafe(Math.min(limitBytes, stats.size + 64 * 1024) + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(fd, buffer, length, buffer.length - length, length)
    }
    if (length === 0) throw new Error('it is empty')
    if (length > limitBytes) throw new Error(`it is larger than ${limitBytes} bytes`)
    if (length === buffer.length) throw new Error('it is growing while it is read')
    return buffer.subarray(0, length)
  } finally {
    closeSync(fd)
  }
}
