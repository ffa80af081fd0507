import type { ComposedPages } from './composed-pages.ts'
import { type FolderFile, pageFileName } from './folder-file.ts'
import { kindOf } from './kinds.ts'
import { chooseLanguage } from './language.ts'
import { createPage, type Page } from './page.ts'
import { policyFor } from './policy.ts'

/** The page that was found for an answer. */
export interface FoundPage {
  readonly page: Page
  /** For `Content-Language`. */
  readonly language: string | null
  /** Whether it is a file of the operator that goes out as it is. */
  readonly own: boolean
  /** The Content-Security-Policy for it; null where an operator's own may hold anything. */
  readonly policy: string | null
}

const BARE = createPage(
  'bare',
  '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<meta name="robots" content="noindex">\n' +
    '<title>{{status}} {{title}}</title>\n<h1>{{status}} {{title}}</h1>\n</html>\n'
)
const BARE_FOUND: FoundPage = { page: BARE, language: null, own: false, policy: policyFor(BARE.bytes) }

/** Pages of one name, by language; the empty one is the page without a language in its name. */
type Group = Map<string, Page>

/**
 * Finds the page for an answer: the operator's own file for its reason, its status or the class of that, in this order;
 * else the common template; else a bare one.
 *
 * @param own the operator's files, none when there is no folder
 * @param templated whether the template speaks for every error: an operator who has pages but none that fits gets the
 *   bare one, as from nginx, except for 503, where there is a message to be seen
 */
export function createLookup(
  own: ReadonlyMap<string, FolderFile>,
  composed: ComposedPages,
  templated: boolean
): (status: number, reason: string | null, ranges: readonly string[]) => FoundPage {
  const groups = groupByName(own)

  function ownPage(names: readonly string[], ranges: readonly string[]): FoundPage | undefined {
    for (const name of names) {
      const group = groups.get(name)
      const language = group && chooseLanguage(group.keys(), ranges, group.get('')?.language ?? null)
      if (group === undefined || language === undefined) continue
      return { page: group.get(language)!, language: language || null, own: true, policy: null }
    }
    return undefined
  }

  return (status, reason, ranges) => {
    const kind = kindOf(status, reason)
    // A client's own mistake is no occasion for a page.
    if (kind === null && reason === null) return BARE_FOUND
    const found = ownPage(namesFor(status, reason), ranges)
    if (found !== undefined) return found
    if (kind === null || !(templated || status === 503)) return BARE_FOUND
    return { ...composed.find(kind, ranges), own: false }
  }
}

function namesFor(status: number, reason: string | null): string[] {
  const byStatus = [`${status}`, `${Math.floor(status / 10)}x`]
  if (reason === null) return byStatus
  return reason.startsWith('hold-') ? [reason, 'hold', ...byStatus] : [reason, ...byStatus]
}

function groupByName(files: ReadonlyMap<string, FolderFile>): Map<string, Group> {
  const groups = new Map<string, Group>()
  for (const [file, { page }] of files) {
    const named = pageFileName(file)
    if (named === undefined || page === undefined) continue
    const group = groups.get(named.name) ?? new Map<string, Page>()
    groups.set(named.name, group.set(named.language, page))
  }
  return groups
}
