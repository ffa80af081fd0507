import { InputError, quote } from '../errors.ts'
import { ConfigError } from './problems.ts'
import { readUpTo } from './read-up-to.ts'

const LARGEST_FILE_BYTES = 4096

/**
 * Reads a file that holds a secret.
 *
 * @param name the option that named the file
 * @returns its text, one character a byte; undefined when there is no such file
 * @throws ConfigError when it cannot be read or is open to other users
 */
export function readSecretFile(path: string, name: string): string | undefined {
  try {
    const { bytes, stats } = readUpTo(path, LARGEST_FILE_BYTES)
    const mode = stats.mode & 0o777
    // A group may read it, for a team of operators; nobody else may, and only its owner may change it.
    if (mode & 0o027) {
      const is = `is open to other users (mode ${mode.toString(8).padStart(4, '0')}); run chmod 600 on it`
      throw secretRefused(path, name, is)
    }
    return bytes.toString('latin1')
  } catch (error) {
    if (error instanceof ConfigError) throw error
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw secretRefused(path, name, `cannot be read: ${(error as Error).message}`)
  }
}

/**
 * Reads a file that holds secrets, one a line, so that a new one can be added before the old one goes. Empty lines and lines
 * that begin with # do not count.
 *
 * @param name the option that named the file
 * @param fault what to say of a line that is not good, such as `holds no good token`
 * @param read throws InputError for such a line
 * @throws ConfigError as {@link readSecretFile}, and when the file is not there or has a line that is not good
 */
export function readSecretLines<T>(
  path: string,
  name: string,
  fault: string,
  read: (line: string) => T
): T[] {
  const text = readSecretFile(path, name)
  if (text === undefined) throw secretRefused(path, name, 'is not there')
  const lines = text.split('\n').map((line) => line.trim())
  return lines.flatMap((line, at) => {
    if (line === '' || line.startsWith('#')) return []
    try {
      return [read(line)]
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      throw secretRefused(path, name, `${fault} on line ${at + 1}; expected ${error.allowed}`)
    }
  })
}

/** The error that says what is wrong with such a file. */
export function secretRefused(path: string, name: string, text: string): ConfigError {
  return new ConfigError([{ name, place: null, text: `${quote(path)} ${text}` }])
}
