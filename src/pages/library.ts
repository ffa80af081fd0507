import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import { InputError } from '../errors.ts'
import { publicDir } from '../package-root.ts'
import type { Asset } from './assets.ts'
import { createComposedPages, hasOwnTemplate } from './composed-pages.ts'
import { createFolder, type PagesLog } from './folder.ts'
import { type FolderFile, isUsed, pageFileName } from './folder-file.ts'
import { watchFolder } from './folder-watch.ts'
import type { Look } from './look.ts'
import { createLookup, type FoundPage } from './lookup.ts'
import { languageRanges } from './negotiate.ts'

/** All pages an answer can be made of. */
export interface Library {
  /** Counts the changes; whatever was made from a page of an older edition is to be made anew. */
  readonly edition: number
  /** Languages that there are pages in, lower case. */
  readonly languages: readonly string[]
  /** Takes in the edits since the last call. Reads files only when there are some. */
  refresh(): void
  /** Looks a page up anew each time. */
  find(status: number, reason: string | null, acceptLanguage: string): FoundPage
  /** A file beside the operator's pages. */
  asset(name: string): Asset | undefined
  close(): void
}

export interface LibraryOptions {
  /** The operator's pages; without it the built-in set. */
  folder: string | undefined
  look: Look
  /** Whether somebody says if the site answers again; asked when a page is put together. */
  returns: () => boolean
  log: PagesLog | undefined
}

const NO_FILES: ReadonlyMap<string, FolderFile> = new Map()

/**
 * Opens the operator's pages over the built-in ones.
 *
 * @throws InputError when the folder is not a readable directory
 */
export function openLibrary({ folder, log, ...options }: LibraryOptions): Library {
  if (folder !== undefined) assertReadableFolder(folder)
  const builtIn = createFolder(join(publicDir, 'pages'), { strict: true })
  const own = folder === undefined ? undefined : createFolder(folder, { log })
  let dirty = false
  let edition = 0
  // Watched before it is read, so that no edit falls between the two.
  const watch = folder === undefined ? undefined : watchFolder(folder, isUsed, () => (dirty = true))
  builtIn.load()
  own?.load()

  function arrange(): Pick<Library, 'languages' | 'find'> {
    const files = own?.files ?? NO_FILES
    const composed = createComposedPages(builtIn.files, files, options)
    const lookup = createLookup(files, composed, own === undefined || hasOwnTemplate(files))
    const named = [...files.keys()].map((file) => pageFileName(file)?.language || composed.languages[0]!)
    return {
      languages: [...new Set([...composed.languages, ...named])],
      find: (status, reason, acceptLanguage) => lookup(status, reason, languageRanges(acceptLanguage))
    }
  }
  let { find, languages } = arrange()

  return {
    get edition() {
      return edition
    },
    get languages() {
      return languages
    },
    refresh() {
      if (!dirty || own === undefined) return
      dirty = false
      if (!own.load()) return
      edition++
      ;({ find, languages } = arrange())
    },
    find: (status, reason, acceptLanguage) => find(status, reason, acceptLanguage),
    asset: (name) => own?.files.get(name)?.asset,
    close() {
      watch?.close()
    }
  }
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
