import { readSecretLines, secretRefused } from './secret-file.ts'
import type { SiteSettings } from './settings.ts'
import { readBypassToken } from './site-readers.ts'

/**
 * All tokens that let requests of a site pass: those that were given as such, and those of the file, one a line.
 *
 * @param name what to call the file in the error
 * @throws ConfigError when the file is not there, cannot be read, is open to other users, or holds no good token
 */
export function readBypassTokens(
  { bypassToken, bypassTokenFile: path }: Pick<SiteSettings, 'bypassToken' | 'bypassTokenFile'>,
  name = 'bypassTokenFile'
): string[] {
  if (path === null) return bypassToken
  const tokens = readSecretLines(path, name, 'holds no good token', readBypassToken).flat()
  if (tokens.length === 0) throw secretRefused(path, name, 'holds no token')
  return [...bypassToken, ...tokens]
}
