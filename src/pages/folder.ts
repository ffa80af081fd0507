import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { IntermissionError } from '../errors.ts'
import { readSmallFile } from '../small-file.ts'
import { type FolderFile, fileLimitBytes, isUsed, understand } from './folder-file.ts'

/** What the pages need of a logger. */
export interface PagesLog {
  warn(fields: object, text: string): void
}

/** Something wrong with a file of a folder; the folder itself when the name is empty. */
export interface FolderProblem {
  file: string
  text: string
}

/** What a folder of pages holds. */
export interface Folder {
  /** The files that mean something, by name. */
  readonly files: ReadonlyMap<string, FolderFile>
  /** What was wrong when it was read last. */
  readonly problems: readonly FolderProblem[]
  /** Reads the folder again. True when something is different from before. */
  load(): boolean
}

// What this process has read last, by folder: a reload reads it anew, and must not lose what a broken file leaves.
const lastRead = new Map<string, ReadonlyMap<string, FolderFile>>()

/**
 * Keeps the files of a folder in memory.
 *
 * A file that cannot be used (empty because an editor is about to write it, unreadable, too large, not a file) leaves
 * what was there before, also when another one kept the folder then; a file that is gone takes it along.
 *
 * @param options.strict our own pages: whatever is wrong is an error
 */
export function createFolder(
  path: string,
  options: { log?: PagesLog | undefined; strict?: boolean } = {}
): Folder {
  const { log, strict = false } = options
  let files: ReadonlyMap<string, FolderFile> = new Map()
  let before = lastRead.get(path) ?? files
  let problems: FolderProblem[] = []

  function complain(known: readonly FolderProblem[], problem: FolderProblem, consequence: string): void {
    const { file, text } = problem
    if (strict) throw new IntermissionError('ERR_PAGE_INVALID', `${join(path, file)}: ${text}`)
    problems.push(problem)
    if (known.some((other) => other.file === file && other.text === text)) return
    log?.warn({ file: join(path, file), problem: text }, consequence)
  }

  function read(): ReadonlyMap<string, FolderFile> {
    const known = problems
    problems = []
    let names: string[]
    try {
      names = readdirSync(path).filter(isUsed)
    } catch (error) {
      const text = 'pages folder was not readable, kept the previous pages'
      complain(known, { file: '', text: (error as Error).message }, text)
      return files
    }
    const found = new Map<string, FolderFile>()
    for (const file of names) {
      const old = before.get(file)
      try {
        const bytes = readSmallFile(join(path, file), fileLimitBytes(file)).toString('latin1')
        const now = old?.bytes === bytes ? old : understand(file, bytes)
        found.set(file, now)
        for (const text of now.problems)
          complain(known, { file, text }, 'page has an unknown placeholder, left as it is')
      } catch (error) {
        if (error instanceof IntermissionError) throw error
        // Gone between the listing and now: that is a file that is gone.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
        const text = `page was not usable, ${old ? 'kept the previous one' : 'ignored it'}`
        complain(known, { file, text: (error as Error).message }, text)
        if (old) found.set(file, old)
      }
    }
    return found
  }

  return {
    get files() {
      return files
    },
    get problems() {
      return problems
    },
    load() {
      const found = read()
      before = found
      lastRead.set(path, found)
      if (found.size === files.size && [...found].every(([file, now]) => files.get(file) === now))
        return false
      files = found
      return true
    }
  }
}
