import { randomBytes } from 'node:crypto'
import { open, readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

// Far longer than a write takes, so whoever still holds the same lock after it has stopped or died.
const ABANDONED_MS = 5000
const POLL_MS = 10

/**
 * Takes a lock file, so that reading, comparing and replacing the file beside it is one step among processes. The lock
 * of a process that died is taken over: at once when it ran on this host, else after 5 s.
 *
 * What it does not cover: a holder that stands still for more than 5 s in the middle of a write, and two processes that
 * take over the same dead lock in the same instant. A change may then be lost; the file stays whole even so.
 *
 * @returns a function that gives the lock back
 * @throws the file system's error when the folder cannot be written
 */
export async function takeLock(path: string): Promise<() => Promise<void>> {
  const own = `${hostname()} ${process.pid} ${randomBytes(9).toString('hex')}`
  let seen: string | undefined
  let seenSince = 0
  while (!(await create(path, own))) {
    const holder = await readFile(path, 'utf8').catch(() => undefined)
    if (holder !== seen) {
      seen = holder
      seenSince = performance.now()
    }
    const abandoned = performance.now() - seenSince > ABANDONED_MS
    if (holder !== undefined && (abandoned || hasDied(holder))) await rm(path, { force: true })
    else await sleep(POLL_MS * (0.5 + Math.random()))
  }
  return async () => {
    // Not ours any more when somebody took it over.
    const holder = await readFile(path, 'utf8').catch(() => undefined)
    if (holder === own) await rm(path, { force: true })
  }
}

async function create(path: string, own: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await file.writeFile(own)
    } catch (error) {
      await rm(path, { force: true }).catch(() => {})
      throw error
    } finally {
      await file.close()
    }
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function hasDied(holder: string): boolean {
  const [host, pid] = holder.split(' ')
  if (host !== hostname() || !Number(pid)) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH'
  }
}
