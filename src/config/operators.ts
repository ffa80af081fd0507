import { isToken, TOKEN_ALLOWED } from './readers.ts'
import { readSecretFile, secretRefused } from './secret-file.ts'
import type { ProcessOptions } from './settings.ts'

const FIELD = 'adminOperatorsFile'
const LINE = /^(\S+)\s+(read|operate)\s+(\S+)$/
const NAME = /^[\w.@-]{1,100}$/
const DIGEST = /^sha256:([0-9a-f]{64})$/i
const ALLOWED = `a name, read or operate, and a token of ${TOKEN_ALLOWED}, or sha256: and 64 hexadecimal digits`

/** Somebody who may use the admin API. */
export interface Operator {
  name: string
  /** `read` sees everything and changes nothing. */
  scope: 'read' | 'operate'
  /** The token itself, or `sha256` of it. */
  token: string | { sha256: string }
}

/**
 * The operators of the file, one a line. A name may be there twice, so that a new token can be handed out before the old
 * one goes. Empty lines and lines that begin with # do not count.
 *
 * @throws ConfigError when the file is not there, cannot be read, is open to other users, or has a line that is no operator
 */
export function readOperators({
  adminOperatorsFile: path
}: Pick<ProcessOptions, 'adminOperatorsFile'>): Operator[] {
  if (path === null) return []
  const text = readSecretFile(path, FIELD)
  if (text === undefined) throw secretRefused(path, FIELD, 'is not there')
  const lines = text.split('\n').map((line) => line.trim())
  return lines.flatMap((line, at) => {
    if (line === '' || line.startsWith('#')) return []
    const operator = readLine(line)
    if (operator !== undefined) return [operator]
    throw secretRefused(path, FIELD, `names no operator on line ${at + 1}; expected ${ALLOWED}`)
  })
}

function readLine(line: string): Operator | undefined {
  const [, name = '', scope, secret = ''] = LINE.exec(line) ?? []
  if (!NAME.test(name)) return undefined
  const sha256 = DIGEST.exec(secret)?.[1]
  if (sha256 === undefined && (secret.startsWith('sha256:') || !isToken(secret))) return undefined
  return { name, scope: scope as Operator['scope'], token: sha256 === undefined ? secret : { sha256 } }
}
