import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { IntermissionError } from '../errors.ts'
import { createPage, type Page, readPageFile } from './page.ts'

/** What the pages need of a logger. */
export interface PagesLog {
  warn(fields: object, text: string): void
}

/** The pages of one folder. */
export interface PageSet {
  /** Reads the folder again. True when something is different from before. */
  load(): boolean
  /** The page for the first of these names (`502`, `50x`) that has a file, in the best of these languages. */
  find(
    names: readonly string[],
    ranges: readonly string[]
  ): { page: Page; language: string | null } | undefined
}

const PAGE_FILE = /^(maintenance|[45]\d[\dx])(?:\.([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*))?\.html$/

/** Whether a file of this name in the pages folder is a page, such as `502.html`, `50x.fr.html`, `maintenance.html`. */
export function isPageFile(name: string): boolean {
  return PAGE_FILE.test(name)
}

/**
 * Keeps the pages of a folder in memory.
 *
 * A file that cannot be used (empty because an editor is about to write it, unreadable, too large, not a file) leaves
 * the page that was there before; a file that is gone takes its page with it.
 *
 * @param options.strict our own pages: a file that cannot be used, or a placeholder nobody knows, is an error
 */
export function createPageSet(
  folder: string,
  options: { log?: PagesLog | undefined; strict?: boolean } = {}
): PageSet {
  const { log, strict = false } = options
  let pages = new Map<string, Page>()
  let names = new Map<string, Map<string, Page>>()
  let complaints = new Set<string>()

  function readAll(): Map<string, Page> {
    const complained = complaints
    complaints = new Set()
    const complain = (file: string, wrong: string, text: string): void => {
      if (strict) throw new IntermissionError('ERR_PAGE_INVALID', `${join(folder, file)}: ${wrong}`)
      complaints.add(`${file}: ${wrong}`)
      if (!complained.has(`${file}: ${wrong}`)) log?.warn({ file: join(folder, file), problem: wrong }, text)
    }
    const read = new Map<string, Page>()
    let files: string[]
    try {
      files = readdirSync(folder).filter(isPageFile)
    } catch (error) {
      complain('', (error as Error).message, 'pages folder was not readable, kept the previous pages')
      return pages
    }
    for (const file of files) {
      const before = pages.get(file)
      try {
        const bytes = readPageFile(join(folder, file))
        const page = before?.bytes === bytes ? before : createPage(file, bytes)
        read.set(file, page)
        for (const name of new Set(page.template.unknown)) {
          complain(file, `unknown placeholder {{${name}}}`, 'page has an unknown placeholder, left as it is')
        }
      } catch (error) {
        if (error instanceof IntermissionError) throw error
        // Gone between the listing and now: that is a file that is gone.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue
        const kept = before ? 'page was not usable, kept the previous one' : 'page was not usable, ignored it'
        complain(file, (error as Error).message, kept)
        if (before) read.set(file, before)
      }
    }
    return read
  }

  return {
    load() {
      const read = readAll()
      const same = read.size === pages.size && [...read].every(([file, page]) => pages.get(file) === page)
      if (same) return false
      pages = read
      names = byName(read)
      return true
    },
    find(wanted, ranges) {
      for (const name of wanted) {
        const group = names.get(name)
        if (group !== undefined) {
          const found = inLanguage(group, ranges)
          if (found !== undefined) return found
        }
      }
      return undefined
    }
  }
}

function byName(pages: Map<string, Page>): Map<string, Map<string, Page>> {
  const names = new Map<string, Map<string, Page>>()
  for (const [file, page] of pages) {
    const [, name, language = ''] = PAGE_FILE.exec(file)!
    if (!names.has(name!)) names.set(name!, new Map())
    names.get(name!)!.set(language.toLowerCase(), page)
  }
  return names
}

function inLanguage(
  group: Map<string, Page>,
  ranges: readonly string[]
): { page: Page; language: string | null } | undefined {
  const usual = group.get('')
  if (usual !== undefined && group.size === 1) return { page: usual, language: null }
  for (const range of ranges) {
    for (const [language, page] of group) {
      if (language !== '' && (language === range || language.startsWith(`${range}-`)))
        return { page, language }
    }
    // The page without a language in its name may well be in the language that this client likes better.
    const own = usual?.language
    if (usual !== undefined && (own === range || own?.startsWith(`${range}-`)))
      return { page: usual, language: null }
  }
  return usual === undefined ? undefined : { page: usual, language: null }
}
