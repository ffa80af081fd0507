import { isToken, sha256, TOKEN_ALLOWED } from '../token-digests.ts'
import { refuse } from './readers.ts'
import { readSecretLines, secretRefused } from './secret-file.ts'
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
  /** The SHA-256 of the token, in hexadecimal. */
  sha256: string
}

/**
 * The operators of the file, one a line. A name may be there twice, so that a new token can be handed out before the old
 * one goes.
 *
 * @throws ConfigError when the file is not there, cannot be read, is open to other users, has a line that is no operator, or
 * the same token for two of them
 */
export function readOperators({
  adminOperatorsFile: path
}: Pick<ProcessOptions, 'adminOperatorsFile'>): Operator[] {
  if (path === null) return []
  const operators = readSecretLines(path, FIELD, 'names no operator', readLine)
  const holders = new Map<string, Operator>()
  for (const operator of operators) {
    const other = holders.get(operator.sha256) ?? operator
    if (other.name !== operator.name || other.scope !== operator.scope)
      throw secretRefused(path, FIELD, `gives one token to ${describe(other)} and to ${describe(operator)}`)
    holders.set(operator.sha256, operator)
  }
  return operators
}

function describe({ name, scope }: Operator): string {
  return `${name} (${scope})`
}

function readLine(line: string): Operator {
  const [, name = '', scope, secret = ''] = LINE.exec(line) ?? []
  const digest = DIGEST.exec(secret)?.[1]?.toLowerCase()
  const isGood = digest !== undefined || (isToken(secret) && !secret.startsWith('sha256:'))
  if (!NAME.test(name) || !isGood) refuse(line, ALLOWED)
  return { name, scope: scope as Operator['scope'], sha256: digest ?? sha256(secret).toString('hex') }
}
