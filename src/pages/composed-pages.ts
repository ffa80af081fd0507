import { composePage, createMould } from './compose.ts'
import { type FolderFile, PARTS } from './folder-file.ts'
import type { Kind } from './kinds.ts'
import { chooseLanguage } from './language.ts'
import type { Look } from './look.ts'
import type { Page } from './page.ts'
import { type Words, wordsLanguage } from './words.ts'

/** A page of the common template. */
export interface ComposedPage {
  readonly page: Page
  readonly language: string
  /** The Content-Security-Policy it works under; null when an operator's template may hold anything. */
  readonly policy: string | null
}

/** All pages of the common template: every kind in every language that there are words for. */
export interface ComposedPages {
  readonly languages: readonly string[]
  /** Puts the page together when it is asked for the first time. */
  find(kind: Kind, ranges: readonly string[]): ComposedPage
}

type Files = ReadonlyMap<string, FolderFile>

/** The language whose words stand in where another one lacks some, and for visitors who want none of the others. */
const FALLBACK = 'en'

/**
 * Joins the built-in template and words with those of the operator, file by file and word by word.
 *
 * @param options.returns asked when a page is put together: whether somebody says if the site answers again
 */
export function createComposedPages(
  builtIn: Files,
  own: Files,
  options: { look: Look; returns: () => boolean }
): ComposedPages {
  const { look, returns } = options
  const part = (file: (typeof PARTS)[number]): string =>
    own.get(file)?.bytes ?? builtIn.get(file)?.bytes ?? ''
  const mould = createMould(part('page.html'), part('page.css'), part('page.js'), look)
  const words = joinWords(builtIn, own)
  const isOwn = PARTS.some((file) => own.has(file))
  const made = new Map<string, ComposedPage>()

  return {
    languages: [...words.keys()],
    find(kind, ranges) {
      const language = chooseLanguage(words.keys(), ranges, null) ?? FALLBACK
      const key = `${kind.name} ${language}`
      let found = made.get(key)
      if (found === undefined) {
        const said = words.get(language) ?? {}
        const { page, policy } = composePage({ mould, kind, language, words: said, look, returns: returns() })
        found = { page, language, policy: isOwn ? null : policy }
        made.set(key, found)
      }
      return found
    }
  }
}

/** Whether an operator's folder has anything to say about the common template. */
export function hasOwnTemplate(own: Files): boolean {
  return [...own.keys()].some(
    (file) => (PARTS as readonly string[]).includes(file) || wordsLanguage(file) !== undefined
  )
}

function joinWords(builtIn: Files, own: Files): Map<string, Words> {
  const joined = new Map<string, Words>()
  for (const files of [builtIn, own]) {
    for (const [file, { words }] of files) {
      const language = wordsLanguage(file)
      if (language !== undefined) joined.set(language, { ...joined.get(language), ...words })
    }
  }
  const fallback = joined.get(FALLBACK)
  for (const [language, words] of joined) {
    // The direction is that of the language's own words.
    joined.set(language, { ...fallback, direction: 'ltr', ...words })
  }
  return joined
}
