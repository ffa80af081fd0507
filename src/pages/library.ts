import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import { InputError } from '../errors.ts'
import { publicDir } from '../package-root.ts'
import { watchFolder } from './folder-watch.ts'
import { languageRanges, remember } from './negotiate.ts'
import { createPage, type Page } from './page.ts'
import { createPageSet, isPageFile, type PagesLog } from './page-set.ts'

/** The page that was found for an answer. */
export interface FoundPage {
  readonly page: Page
  /** The language in the name of the file, for `Content-Language`. */
  readonly language: string | null
  /** Whether it is the operator's own file. */
  readonly own: boolean
  /** The Content-Security-Policy for it; null for the operator's own pages, which may hold anything. */
  readonly policy: string | null
}

/** All pages an answer can be made of. */
export interface Library {
  /** Counts the changes; whatever was made from a page of an older edition is to be made anew. */
  readonly edition: number
  /** Takes in the edits since the last call. Reads files only when there are some. */
  refresh(): void
  find(status: number, reason: string | null, acceptLanguage: string): FoundPage
  close(): void
}

const BARE = createPage(
  'bare',
  '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="robots" content="noindex">\n' +
    '<title>{{status}} {{title}}</title>\n<h1>{{status}} {{title}}</h1>\n</html>\n'
)
const BARE_FOUND: FoundPage = { page: BARE, language: null, own: false, policy: BARE.policy }

/**
 * Opens the operator's pages over the built-in ones.
 *
 * @param folder the operator's pages; without it the built-in set
 * @throws InputError when the folder is not a readable directory
 */
export function openLibrary(folder: string | undefined, log: PagesLog | undefined): Library {
  if (folder !== undefined) assertReadableFolder(folder)
  const builtIn = createPageSet(join(publicDir, 'pages'), { strict: true })
  const own = folder === undefined ? undefined : createPageSet(folder, { log })
  let dirty = false
  let edition = 0
  // Watched before it is read, so that no edit falls between the two.
  const watch = folder === undefined ? undefined : watchFolder(folder, isPageFile, () => (dirty = true))
  builtIn.load()
  own?.load()

  function search(acceptLanguage: string, wanted: string): FoundPage {
    const names = wanted.split(' ')
    const ranges = languageRanges(acceptLanguage)
    const found = own?.find(names, ranges)
    if (found !== undefined) return { ...found, own: true, policy: null }
    // An operator who has pages but none for this gets the bare one, as from nginx. A maintenance message is to be seen.
    const ours = own === undefined || names[0] === 'maintenance' ? builtIn.find(names, ranges) : undefined
    return ours === undefined ? BARE_FOUND : { ...ours, own: false, policy: ours.page.policy }
  }
  let find = remember(search)

  return {
    get edition() {
      return edition
    },
    refresh() {
      if (!dirty || own === undefined) return
      dirty = false
      if (!own.load()) return
      edition++
      find = remember(search)
    },
    find(status, reason, acceptLanguage) {
      return reason === null && status < 500 ? BARE_FOUND : find(acceptLanguage, pageNames(status, reason))
    },
    close() {
      watch?.close()
    }
  }
}

// The names to look for, as one string because it is part of a key.
function pageNames(status: number, reason: string | null): string {
  const names = `${status} ${Math.floor(status / 10)}x`
  return reason === 'maintenance' ? `maintenance ${names}` : names
}

function assertReadableFolder(folder: string): void {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK)
    if (statSync(folder).isDirectory()) return
  } catch (cause) {
    throw new InputError('pagesDir', folder, 'a readable directory', { cause })
  }
  throw new InputError('pagesDir', folder, 'a readable directory')
}
