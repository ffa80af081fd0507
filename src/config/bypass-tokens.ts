import { InputError } from '../errors.ts'
import { readSecretFile, secretRefused } from './secret-file.ts'
import type { SiteSettings } from './settings.ts'
import { readBypassToken } from './site-readers.ts'

/**
 * All tokens that let requests of a site pass: those that were given as such, and those of the file, one a line. Empty
 * lines and lines that begin with # do not count.
 *
 * @param name what to call the file in the error
 * @throws ConfigError when the file is not there, cannot be read, is open to other users, or holds no good token
 */
export function readBypassTokens(
  { bypassToken, bypassTokenFile: path }: Pick<SiteSettings, 'bypassToken' | 'bypassTokenFile'>,
  name = 'bypassTokenFile'
): string[] {
  if (path === null) return bypassToken
  const text = readSecretFile(path, name)
  if (text === undefined) throw secretRefused(path, name, 'is not there')
  const lines = text.split('\n').map((line) => line.trim())
  const tokens = lines.flatMap((line, at) => {
    if (line === '' || line.startsWith('#')) return []
    try {
      return readBypassToken(line)
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      throw secretRefused(path, name, `holds no good token on line ${at + 1}; expected ${error.allowed}`)
    }
  })
  if (tokens.length === 0) throw secretRefused(path, name, 'holds no token')
  return [...bypassToken, ...tokens]
}
