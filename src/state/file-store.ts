import { existsSync } from 'node:fs'
import { readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { TEMPORARY } from '../durable-file.ts'
import { IntermissionError } from '../errors.ts'
import { takeLock } from './file-lock.ts'
import { watchFile } from './file-watch.ts'
import { parseChange, withChange } from './history.ts'
import { createListeners } from './listeners.ts'
import { parseSharedState, type SharedState } from './shared-state.ts'
import {
  fingerprint,
  isRecoverable,
  makeFolder,
  readStateFile,
  type StateFile,
  unwritable,
  writeStateFile
} from './state-file.ts'
import type { StateStore } from './store.ts'
import { stateConflict } from './store.ts'

/** Which file, and what becomes of one that cannot be read. */
export interface FileStoreOptions {
  /** The state file, for all sites. Its folder is made when it is missing. */
  path: string
  /** Move an unreadable file aside at the start, to `<path>.unreadable-<time>`, and begin live. Default: refuse it. */
  recover?: boolean
  /** Told of what went wrong with nobody waiting for it. Default: nobody is told. */
  onError?: (error: unknown, doing: string) => void
}

/**
 * A store in one file, mode 0600, which several processes may share (see `takeLock` for the limit of that). The first
 * read or write looks at the file and refuses an unreadable one; a missing one means that every site is live. One that goes
 * missing later, or is replaced by an older one, is written anew.
 */
export function createFileStore(options: FileStoreOptions): StateStore {
  const { path, recover = false, onError = () => {} } = options
  const listeners = createListeners<SharedState>((error) => onError(error, 'telling of a change of state'))
  const lockPath = `${path}.lock`
  let opened: Promise<void> | undefined
  // The newest that is known to have been in the file.
  let last: StateFile = { state: undefined, history: [] }
  let known: SharedState | undefined
  let knownPrint = ''
  let reported = ''
  let turn: Promise<unknown> = Promise.resolve()
  let stopWatching: (() => void) | undefined
  let looking = false
  let closed = false

  return {
    async read() {
      await ready()
      return (await inTurn(newest)).state
    },
    async history() {
      await ready()
      return (await inTurn(newest)).history
    },
    async write(next, expectedRevision, change) {
      // What we could not read back must not be stored.
      const state = parseSharedState(next, 'the new state')
      const made = parseChange(change, 'the change')
      await ready()
      await inTurn(async () => {
        if (closed) throw unwritable(path, new Error('the store is closed'))
        await makeFolder(path)
        await locked(async () => {
          const stored = later(await readStateFile(path))
          const storedRevision = revisionOf(stored)
          if (storedRevision !== expectedRevision) throw stateConflict(storedRevision, expectedRevision)
          const history = withChange(stored.history, made)
          await writeStateFile(path, state, history)
          last = { state, history }
          publish(state)
        })
      })
    },
    subscribe(listener) {
      if (!closed) stopWatching ??= watchFile(path, look)
      return listeners.add(listener)
    },
    async close() {
      closed = true
      stopWatching?.()
      listeners.clear()
      await turn
    }
  }

  function ready(): Promise<void> {
    opened ??= openFile().catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }

  async function openFile(): Promise<void> {
    try {
      publish((await newest()).state)
    } catch (error) {
      if (!isRecoverable(error)) throw error
      if (!recover)
        throw withRemedy(error, 'put it right, or start with --recover to move it aside and begin live')
      const aside = `${path}.unreadable-${new Date().toISOString().replaceAll(':', '')}`
      await rename(path, aside).catch((cause: unknown) => {
        throw unwritable(path, cause)
      })
      onError(error, `reading the state, which was moved to ${aside},`)
    }
    await tryToWrite().catch((error: unknown) => onError(error, 'trying whether a change could be stored'))
    await removeLeftovers().catch((error: unknown) => onError(error, 'removing what a killed process left'))
  }

  // Else the first to find out would be whoever enters maintenance. A folder that is not there is made by then.
  async function tryToWrite(): Promise<void> {
    if (!existsSync(dirname(path))) return
    try {
      const probe = `${path}${TEMPORARY}${process.pid}`
      await writeFile(probe, '', { mode: 0o600 })
      await rm(probe)
    } catch (error) {
      throw unwritable(path, error)
    }
  }

  // Temporary files are made only by who holds the lock, so those we find while we hold it belong to nobody.
  async function removeLeftovers(): Promise<void> {
    const folder = dirname(path)
    const names = await readdir(folder).catch(() => [])
    const isLeftover = (name: string): boolean => name.startsWith(basename(path) + TEMPORARY)
    if (!names.some((name) => isLeftover(name) || name === basename(lockPath))) return
    await locked(async () => {
      for (const name of await readdir(folder))
        if (isLeftover(name)) await rm(join(folder, name), { force: true })
    })
  }

  function inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = turn.then(task).catch((error: unknown) => {
      // Whoever has it in force does not need the file.
      throw withRemedy(error, 'put it right, or remove it: this process writes anew what is in force')
    })
    turn = result.catch(() => {})
    return result
  }

  async function locked(task: () => Promise<void>): Promise<void> {
    const giveBack = await takeLock(lockPath).catch((error: unknown) => {
      throw unwritable(path, error)
    })
    try {
      await task()
    } finally {
      // The task is done and durable; a lock that stays behind is taken over.
      await giveBack().catch((error: unknown) => onError(error, 'giving back the lock of the state'))
    }
  }

  // What is in force must be what the next start finds: a file that was taken away, or put back from a copy, is written anew.
  async function newest(): Promise<StateFile> {
    const found = await readStateFile(path)
    if (!closed && later(found) !== found) {
      await makeFolder(path)
      await locked(async () => {
        last = later(await readStateFile(path))
        await writeStateFile(path, last.state as SharedState, last.history)
      })
      onError(
        new Error(`${path} was missing or older than what is in force`),
        'reading the state; it was written anew'
      )
    } else last = later(found)
    return last
  }

  function later(found: StateFile): StateFile {
    return revisionOf(found) < revisionOf(last) ? last : found
  }

  function publish(state: SharedState | undefined): void {
    const before = known
    known = state
    if (state !== undefined && !isDeepStrictEqual(before, state)) listeners.tell(structuredClone(state))
  }

  function look(): void {
    if (looking) return
    looking = true
    inTurn(async () => {
      const print = await fingerprint(path)
      if (closed || print === knownPrint) return
      knownPrint = print
      publish((await newest()).state)
      reported = ''
    })
      .catch((error: unknown) => {
        // Looked at again with the next poll, and told once.
        knownPrint = ''
        if (String(error) !== reported) onError(error, 'reading the changed state; the last known stays')
        reported = String(error)
      })
      .finally(() => {
        looking = false
      })
  }
}

function revisionOf({ state }: StateFile): number {
  return state?.revision ?? 0
}

function withRemedy(error: unknown, remedy: string): unknown {
  const isUnreadable = error instanceof IntermissionError && error.code === 'ERR_STATE_UNREADABLE'
  if (!isUnreadable || !isRecoverable(error)) return error
  return new IntermissionError(error.code, `${error.message}; ${remedy}`, { cause: error })
}
