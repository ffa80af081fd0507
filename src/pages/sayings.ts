import { headLines } from '../whole-head.ts'
import type { Body } from './body.ts'
import type { Prepared } from './send.ts'
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
  /** The answer for this kind of client, made once. */
  keep(kind: string, make: () => Prepared): Prepared
}

interface KeptSaying extends Saying {
  retryAfterSeconds: number | null
  readonly answers: Map<string, Prepared>
}

/** What is being said at the moment, the most recently new first. */
export interface Sayings {
  of(problem: Problem): Saying
  clear(): void
}

// A gateway says one or two things at a time. Both numbers only keep memory bounded.
const SAYING_LIMIT = 16
const ANSWER_LIMIT = 128

/** Remembers what is being said, so that saying it again costs a comparison. */
export function createSayings(): Sayings {
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
      const saying = createSaying({ status, reason, message, until, site, retryAfterSeconds })
      known = [saying, ...known.slice(0, SAYING_LIMIT - 1)]
      return saying
    },
    clear() {
      known = []
    }
  }
}

function createSaying(said: Omit<KeptSaying, 'answers' | 'bodies' | 'keep'>): KeptSaying {
  const answers = new Map<string, Prepared>()
  return {
    ...said,
    bodies: new Map(),
    answers,
    keep(kind, make) {
      let answer = answers.get(kind)
      if (answer === undefined) {
        const made = make()
        answer = { ...made, lines: headLines(made.headers) }
        if (answers.size >= ANSWER_LIMIT) answers.clear()
        answers.set(kind, answer)
      }
      return answer
    }
  }
}
