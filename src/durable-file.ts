/** Small files that survive a power cut whole: the old content or the new one. */
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder } from './make-folder.ts'

/** How the name of a file goes on that is not yet the real one, and is nothing after a crash. */
export const TEMPORARY = '.tmp-'

/**
 * Replaces a file in one step, mode 0600. When the promise resolves the content survives a power cut; when it rejects,
 * the file is the old one (but for a disk that fails in the very last step, when nobody can say).
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}${TEMPORARY}${process.pid}-${randomBytes(6).toString('hex')}`
  try {
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
    throw error
  }
}

/** Reads a file as UTF-8. Never waits on a FIFO, never follows a symbolic link. */
export async function readRegularFile(path: string, largestBytes: number): Promise<string> {
  // Without O_NONBLOCK, opening a FIFO waits for a writer.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    const stat = await file.stat()
    if (!stat.isFile()) throw new Error('it is not a regular file')
    if (stat.size > largestBytes) throw new Error(`it is larger than ${largestBytes} bytes`)
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.readFile())
  } finally {
    await file.close()
  }
}

/** Makes the folder of a file durably, for its owner only, when it is not there. */
export async function makeFolderOf(path: string): Promise<void> {
  const folder = dirname(path)
  const first = makeFolder(folder)
  for (let made = folder; first !== undefined && made.length >= first.length; made = dirname(made)) {
    await syncFolder(dirname(made))
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
