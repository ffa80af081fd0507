import { lstat } from 'node:fs/promises'
import { makeFolderOf, readRegularFile, replaceFile } from '../durable-file.ts'
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
const FORBIDDEN: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM'])
const KNOWN_REASONS: ReadonlyMap<string | undefined, string> = new Map([
  ['ELOOP', 'it is a symbolic link'],
  ['ENOTDIR', 'what should be its folder is a file']
])
const LARGEST_BYTES = 1024 * 1024
const MISSING: StateFile = { state: undefined, history: [] }

/**
 * Reads a state file; a missing one is empty. Never waits on a FIFO, never follows a symbolic link.
 *
 * @throws IntermissionError ERR_STATE_UNREADABLE, which names the path and the reason
 */
export async function readStateFile(path: string): Promise<StateFile> {
  let text: string
  try {
    text = await readRegularFile(path, LARGEST_BYTES)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return MISSING
    const remedy = FORBIDDEN.has(code) ? '; let the user of the gateway read and write it' : ''
    throw unreadable(path, KNOWN_REASONS.get(code) ?? message + remedy, error)
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
  try {
    if (Buffer.byteLength(text) > LARGEST_BYTES)
      throw new Error(`it would be larger than ${LARGEST_BYTES} bytes`)
    await replaceFile(path, text)
  } catch (error) {
    throw unwritable(path, error)
  }
}

/** Makes the folder of a state file, for its owner only, when it is not there. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeFolderOf(path)
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

/** Whether putting the file aside would help: not when it may be a good one that only we must not read. */
export function isRecoverable(error: unknown): boolean {
  const { cause } = error as { cause?: NodeJS.ErrnoException }
  return !FORBIDDEN.has(cause?.code) && cause?.code !== 'ENOTDIR'
}

export function unwritable(path: string, cause: unknown): IntermissionError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new IntermissionError('ERR_STATE_UNWRITABLE', `${path} cannot be written: ${reason}`, { cause })
}

function unreadable(path: string, reason: string, cause?: unknown): IntermissionError {
  return new IntermissionError('ERR_STATE_UNREADABLE', `${path} cannot be read: ${reason}`, { cause })
}
