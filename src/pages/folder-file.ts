import { type Asset, createAsset, isAssetFile } from './assets.ts'
import { templateProblems } from './compose.ts'
import { createPage, type Page } from './page.ts'
import { parseWords, type Words, wordsLanguage } from './words.ts'

/** One file of a folder of pages, understood by its name. */
export interface FolderFile {
  /** The bytes of the file, one character each. */
  readonly bytes: string
  /** A page that is sent as it is, such as `502.fr.html`. */
  readonly page?: Page
  /** Words of one language, such as `words.fr.json`. */
  readonly words?: Words
  /** What a page may ask for, such as `logo.svg`. */
  readonly asset?: Asset
  /** What does not work although the file can be used, in words. */
  readonly problems: readonly string[]
}

/** The parts that pages are put together from. */
export const PARTS = ['page.html', 'page.css', 'page.js'] as const

/** A page larger than this, in bytes, is taken for a mistake. */
export const PAGE_LIMIT_BYTES = 1024 * 1024
const ASSET_LIMIT_BYTES = 4 * 1024 * 1024

// What the answer says: its reason, its status, or a class of statuses; and perhaps a language (RFC 5646).
const PAGE_FILE =
  /^(maintenance|read-only|hold(?:-timeout|-full)?|overloaded|starting|intercepted|upstream-(?:unreachable|timeout|invalid-response)|[45]\d[\dx])(?:\.([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*))?\.html$/

/** Splits the name of a page file, such as `502.fr.html`; undefined for a file that is none. */
export function pageFileName(file: string): { name: string; language: string } | undefined {
  const [, name, language = ''] = PAGE_FILE.exec(file) ?? []
  return name === undefined ? undefined : { name, language: language.toLowerCase() }
}

/** Whether a file of this name in a folder of pages means something. */
export function isUsed(file: string): boolean {
  return (
    pageFileName(file) !== undefined || isPart(file) || wordsLanguage(file) !== undefined || isAssetFile(file)
  )
}

export function fileLimitBytes(file: string): number {
  return isAssetFile(file) && !isPart(file) ? ASSET_LIMIT_BYTES : PAGE_LIMIT_BYTES
}

/**
 * Makes of a file what its name says.
 *
 * @throws Error that says what is wrong
 */
export function understand(file: string, bytes: string): FolderFile {
  if (isPart(file)) return { bytes, problems: file === 'page.html' ? templateProblems(bytes) : [] }
  if (wordsLanguage(file) !== undefined) return { bytes, ...parseWords(bytes) }
  if (pageFileName(file) === undefined) return { bytes, asset: createAsset(file, bytes), problems: [] }
  const page = createPage(file, bytes)
  return { bytes, page, problems: [...new Set(page.template.problems)] }
}

function isPart(file: string): boolean {
  return (PARTS as readonly string[]).includes(file)
}
