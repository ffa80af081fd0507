import { headLines, WholeAnswer } from '../whole-head.ts'
import type { Body } from './body.ts'
import type { Library } from './library.ts'
import type { FoundPage } from './lookup.ts'
import { remember } from './negotiate.ts'
import { type Prepared, reasonPhraseOf } from './send.ts'
import { type Problem, retryAfterOf, statusOf } from './wording.ts'

/** One thing that is being said to all clients, with the answers made for it so far. */
export interface Saying {
  readonly status: number
  readonly reason: string | null
  readonly message: string | null
  readonly until: string | null
  readonly site: string
  /** Counts down; whatever names it is made anew then. */
  readonly retryAfterSeconds: number | null
  /** Filled pages, with their compressed forms, by page and kind of request. They outlive the count-down. */
  readonly bodies: Map<string, Body>
  /** The page in a language of this `Accept-Language`. */
  pageFor(acceptLanguage: string): FoundPage
  /** The answer with this page, or with none, for this kind of client, made once. */
  keep(page: FoundPage | null, kind: string, make: () => Prepared): Prepared
}

interface KeptSaying extends Saying {
  retryAfterSeconds: number | null
  readonly answers: Map<FoundPage | null, Map<string, Prepared>>
}

/** What is being said at the moment, the most recently new first. */
export interface Sayings {
  of(problem: Problem): Saying
  clear(): void
}

// A gateway says one or two things at a time. Both numbers only keep memory bounded; kinds are a handful.
const SAYING_LIMIT = 16
const PAGE_LIMIT = 128

/**
 * Remembers what is being said, so that saying it again costs a comparison.
 *
 * @param find the page of a problem in a language of an `Accept-Language`
 */
export function createSayings(find: Library['find']): Sayings {
  let known: KeptSaying[] = []
  return {
    of(problem) {
      const { reason, message = null, until = null, site = '' } = problem
      const status = statusOf(problem)
      const retryAfterSeconds = retryAfterOf(problem)
      for (const saying of known) {
        if (saying.status !== status || saying.reason !== reason || saying.message !== message) continue
        if (saying.until !== until || saying.site !== site) continue
        if (saying.retryAfterSeconds !== retryAfterSeconds) {
          saying.retryAfterSeconds = retryAfterSeconds
          saying.answers.clear()
        }
        return saying
      }
      const pageFor = remember((acceptLanguage) => find(status, reason, acceptLanguage))
      const saying = createSaying({ status, reason, message, until, site, retryAfterSeconds, pageFor })
      known = [saying, ...known.slice(0, SAYING_LIMIT - 1)]
      return saying
    },
    clear() {
      known = []
    }
  }
}

function createSaying(said: Omit<KeptSaying, 'answers' | 'bodies' | 'keep'>): KeptSaying {
  const answers: KeptSaying['answers'] = new Map()
  return {
    ...said,
    bodies: new Map(),
    answers,
    keep(page, kind, make) {
      let kinds = answers.get(page)
      if (kinds === undefined) {
        if (answers.size >= PAGE_LIMIT) answers.clear()
        kinds = new Map()
        answers.set(page, kinds)
      }
      let answer = kinds.get(kind)
      if (answer === undefined) {
        const made = make()
        answer = { ...made, whole: wholeOf(made) }
        kinds.set(kind, answer)
      }
      return answer
    }
  }
}

function wholeOf({ status, headers, body }: Prepared): WholeAnswer | null {
  const lines = headLines(headers)
  return lines && new WholeAnswer(status, reasonPhraseOf(status), lines, body)
}
