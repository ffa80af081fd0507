import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, openSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder } from '../make-folder.ts'
import { isToken, TOKEN_ALLOWED } from '../token-digests.ts'
import { readSecretFile, secretRefused } from './secret-file.ts'
import type { ProcessOptions } from './settings.ts'

const TOKEN_BYTES = 32
const FIELD = 'adminTokenFile'

type TokenSettings = Pick<ProcessOptions, 'adminToken' | 'adminTokenFile'>

/** The bearer token of the admin API and where it lives. */
export interface AdminToken {
  token: string
  /** The file it is in; null when it was given as such. */
  path: string | null
  /** Whether this call made it. */
  created: boolean
}

/** Whether there is an admin API that needs a token. */
export function hasAdmin({ admin, adminPath }: Pick<ProcessOptions, 'admin' | 'adminPath'>): boolean {
  return admin !== null || adminPath !== null
}

/**
 * The token that the gateway asks for; made at the first start, 256 random bits in a file for its owner only.
 *
 * @throws ConfigError when the file cannot be read or made, is open to other users, or holds no good token
 */
export function ensureAdminToken(settings: TokenSettings): AdminToken {
  const found = findAdminToken(settings)
  if (found) return found
  const path = settings.adminTokenFile
  let created: boolean
  try {
    created = writeNewFile(path, `${randomBytes(TOKEN_BYTES).toString('base64url')}\n`)
  } catch (error) {
    throw secretRefused(path, FIELD, `cannot be made: ${(error as Error).message}`)
  }
  // Two gateways that start together end up with one token.
  const made = findAdminToken(settings)
  if (made) return { ...made, created }
  throw secretRefused(path, FIELD, 'cannot be made: it is a link to nothing')
}

/**
 * The token as a client finds it, or null when there is no such file.
 *
 * @throws ConfigError as {@link ensureAdminToken}
 */
export function readAdminToken(settings: TokenSettings): string | null {
  return findAdminToken(settings)?.token ?? null
}

function findAdminToken({ adminToken, adminTokenFile }: TokenSettings): AdminToken | undefined {
  if (adminToken !== null) return { token: adminToken, path: null, created: false }
  const text = readSecretFile(adminTokenFile, FIELD)
  if (text === undefined) return undefined
  const token = text.trim()
  if (isToken(token)) return { token, path: adminTokenFile, created: false }
  throw secretRefused(adminTokenFile, FIELD, `holds no good token; expected ${TOKEN_ALLOWED}`)
}

/** Whole or not at all: a crash half-way must not leave an empty file that stops every later start. */
function writeNewFile(path: string, text: string): boolean {
  makeFolder(dirname(path))
  const temporary = `${path}.${randomBytes(6).toString('hex')}`
  writeExclusive(temporary, text)
  try {
    linkSync(temporary, path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    // A file system without links.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error
    writeExclusive(path, text)
    return true
  } finally {
    rmSync(temporary, { force: true })
  }
}

function writeExclusive(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}
