import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { IntermissionError } from '../errors.ts'
import { readFields } from './fields.ts'
import { type Change, MOST_CHANGES, parseChange } from './history.ts'
import { parseFormat1, parseSharedState, type SharedState } from './shared-state.ts'

/** What is in a state file. */
export interface StateFile {
  /** Undefined when nothing was ever written. */
  state: SharedState | undefined
  /** Newest first. */
  history: Change[]
}

const FORMAT = 2
const LARGEST_BYTES = 1024 * 1024
const MISSING: StateFile = { state: undefined, history: [] }

/** How the name of a file goes on that is not yet the state file, and is nothing after a crash. */
export const TEMPORARY = '.tmp-'

/**
 * Reads a state file; a missing one is empty. Never waits on a FIFO, never follows a symbolic link.
 *
 * @throws IntermissionError ERR_STATE_UNREADABLE, which names the path and the reason
 */
export async function readStateFile(path: string): Promise<StateFile> {
  let text: string
  try {
    text = await readRegularFile(path)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return MISSING
    throw unreadable(path, code === 'ELOOP' ? 'it is a symbolic link' : message, error)
  }
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch (error) {
    throw unreadable(path, text === '' ? 'it is empty' : 'it is not JSON', error)
  }
  const { format, history, sites, ...state } = (content ?? {}) as Record<string, unknown>
  if (format === 1) return { state: parseFormat1(sites, path), history: [] }
  if (format !== FORMAT) throw unreadable(path, `format is not 1 or ${FORMAT}`)
  return {
    state: parseSharedState({ ...state, sites }, path),
    history: readFields({ history }, path, '').list('history', MOST_CHANGES, parseChange)
  }
}

/**
 * Replaces a state file in one step. When the promise resolves the content survives a power cut; when it rejects, the
 * file is the old one (but for a disk that fails in the very last step, when nobody can say).
 *
 * @throws IntermissionError ERR_STATE_UNWRITABLE, which names the path and the reason
 */
export async function writeStateFile(path: string, state: SharedState, history: Change[]): Promise<void> {
  const text = `${JSON.stringify({ format: FORMAT, ...state, history }, null, 2)}\n`
  const temporary = `${path}${TEMPORARY}${process.pid}-${randomBytes(6).toString('hex')}`
  try {
    if (Buffer.byteLength(text) > LARGEST_BYTES)
      throw new Error(`it would be larger than ${LARGEST_BYTES} bytes`)
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw unwritable(path, error)
  }
}

/** Makes the folder of a state file, for its owner only, when it is not there. */
export async function makeFolder(path: string): Promise<void> {
  const folder = dirname(path)
  try {
    const first = await mkdir(folder, { recursive: true, mode: 0o700 })
    for (let made = folder; first !== undefined && made.length >= first.length; made = dirname(made)) {
      await syncFolder(dirname(made))
    }
  } catch (error) {
    throw unwritable(path, error)
  }
}

/** Changes whenever the file is replaced or edited. */
export async function fingerprint(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs } = await lstat(path, { bigint: true })
    return `${ino} ${size} ${mtimeNs}`
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown'
  }
}

export function unwritable(path: string, cause: unknown): IntermissionError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new IntermissionError('ERR_STATE_UNWRITABLE', `${path} cannot be written: ${reason}`, { cause })
}

function unreadable(path: string, reason: string, cause?: unknown): IntermissionError {
  return new IntermissionError('ERR_STATE_UNREADABLE', `${path} cannot be read: ${reason}`, { cause })
}

async function readRegularFile(path: string): Promise<string> {
  // Without O_NONBLOCK, opening a FIFO waits for a writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new Error('it is not a regular file')
    if (stat.size > LARGEST_BYTES) throw new Error(`it is larger than ${LARGEST_BYTES} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile())
  } finally {
    await file.close()
  }
}

// A rename is durable only when its folder is (fsync(2)).
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY)
  try {
    await handle.sync()
  } catch (error) {
    // Some network file systems have no such thing.
    if ((error as NodeJS.ErrnoException).code !== 'EINVAL') throw error
  } finally {
    await handle.close()
  }
}
