import { rm } from 'node:fs/promises'
import { makeFolderOf, readRegularFile, replaceFile } from '../durable-file.ts'
import { IntermissionError } from '../errors.ts'
import { type Copy, readCopy } from './copy.ts'
import type { SavedRoster } from './roster.ts'
import { parseVersion, versionText } from './version.ts'

/** What a member keeps on its own disk, so that it starts in the right mode while the store is gone. */
export interface Saved {
  copy: Copy | undefined
  roster: SavedRoster
  /** Whether it has left the fleet properly, so that nobody waits for it. */
  hasLeft: boolean
}

export interface Cache {
  /** @returns undefined when there is none, or none that can be read: that is told, not thrown */
  load(): Promise<Saved | undefined>
  /** When it resolves, a later `load` gives nothing older than this, not even after a power cut. */
  save(saved: Saved): Promise<void>
}

interface Queued {
  saved: Saved
  done: Promise<void>
}

const FORMAT = 1
const LARGEST_BYTES = 4 * 1024 * 1024

export function createCache(path: string, onError: (error: unknown, doing: string) => void): Cache {
  let running: Promise<void> = Promise.resolve()
  let told = ''
  // Of several that come while one is written, only the last is worth writing.
  let queued: Queued | undefined
  return {
    async load() {
      try {
        return read(await readRegularFile(path, LARGEST_BYTES))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
          onError(error, `reading ${path}, the copy of the state on this machine`)
        return undefined
      }
    },
    save(saved) {
      if (queued !== undefined) {
        queued.saved = saved
        return queued.done
      }
      const entry: Queued = { saved, done: running.then(() => write(entry)) }
      queued = entry
      running = entry.done.catch(() => {})
      return entry.done
    }
  }

  async function write(entry: Queued): Promise<void> {
    queued = undefined
    try {
      await makeFolderOf(path)
      await replaceFile(path, JSON.stringify(format(entry.saved)))
      told = ''
    } catch (error) {
      if (String(error) !== told) onError(error, 'keeping a copy of the state on this machine')
      told = String(error)
      // No copy is as good: a start without the store then waits for it. An old one would say what is not so any more.
      await rm(path, { force: true })
    }
  }

  function read(text: string): Saved {
    const content = JSON.parse(text) as Record<string, unknown>
    const refuse = (field: string): never => {
      throw new IntermissionError('ERR_STATE_UNREADABLE', `${path}: ${field} is not what was written there`)
    }
    if (content?.format !== FORMAT) refuse('format')
    const { version, isProvisional, body, number, ids, hasLeft } = content
    const known = Array.isArray(ids) && ids.every((id) => typeof id === 'string') ? ids : refuse('ids')
    return {
      copy:
        version === null
          ? undefined
          : readCopy(
              parseVersion(String(version)) ?? refuse('version'),
              isProvisional === true,
              String(body),
              path
            ),
      roster: { number: Number.isSafeInteger(number) ? Number(number) : refuse('number'), ids: known },
      hasLeft: hasLeft === true
    }
  }
}

function format({ copy, roster, hasLeft }: Saved): object {
  return {
    format: FORMAT,
    version: copy === undefined ? null : versionText(copy.version),
    isProvisional: copy?.isProvisional ?? null,
    body: copy?.body ?? null,
    ...roster,
    hasLeft
  }
}
