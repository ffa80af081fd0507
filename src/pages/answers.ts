import type { IncomingMessage, ServerResponse } from 'node:http'
import { corsHeaders, isPreflight, preflightHeaders } from './cors.ts'
import { openLibrary } from './library.ts'
import type { PagesLog } from './page-set.ts'
import { preflightAnswer, prepareAnswer } from './prepare.ts'
import { createSayings } from './sayings.ts'
import { isOver, type Prepared, send } from './send.ts'
import type { Problem } from './wording.ts'

export type { Problem } from './wording.ts'

/** What the gateway itself says to its clients. */
export interface Answers {
  /**
   * Writes the whole answer to the raw response: a body in the form the client accepts, headers, HEAD, CORS, preflight.
   * Does nothing for a client that is gone; destroys the connection when a head is already out. Never throws.
   */
  write(request: IncomingMessage, response: ServerResponse, problem: Problem): void
  /** Stops watching the pages. */
  close(): void
}

/** Options of {@link createAnswers}. */
export interface AnswersOptions {
  /** Folder of the operator's pages (`502.fr.html`, `50x.html`, `maintenance.html`, ...). Default: the built-in set. */
  pagesDir?: string | undefined
  /** Told about pages that cannot be used, as a pino logger. Default: nobody. */
  log?: PagesLog
}

/**
 * Prepares what the gateway says. Pages are read and compressed here, after an edit and when something new is said;
 * repeating an answer touches neither files nor compression.
 *
 * @throws InputError when `pagesDir` is not a readable directory
 */
export function createAnswers(options: AnswersOptions = {}): Answers {
  const { log } = options
  const library = openLibrary(options.pagesDir, log)
  const sayings = createSayings()
  let edition = library.edition

  function answerTo(request: IncomingMessage, problem: Problem): Prepared {
    library.refresh()
    if (edition !== library.edition) {
      edition = library.edition
      sayings.clear()
    }
    const saying = sayings.of(problem)
    const cors = saying.reason === null && saying.status < 500 ? null : corsHeaders(request)
    // Only for a 503: an app that restarts may be back in the moment between the browser's two requests, and would
    // get one that it never allowed.
    if (cors !== null && saying.status === 503 && isPreflight(request)) {
      return preflightAnswer(saying, [...cors, ...preflightHeaders(request)])
    }
    const found = library.find(saying.status, saying.reason, request.headers['accept-language'] ?? '')
    const answer = prepareAnswer(request, saying, found, problem)
    const { headers = [] } = problem
    if (cors === null && headers.length === 0) return answer
    return { ...answer, headers: [...answer.headers, ...(cors ?? []), ...headers] }
  }

  return {
    write(request, response, problem) {
      try {
        if (isOver(response)) return
        if (response.headersSent) response.destroy()
        else send(request, response, answerTo(request, problem), problem.close === true)
      } catch (error) {
        log?.warn({ err: error }, 'answer could not be written')
        response.destroy()
      }
    },
    close: () => library.close()
  }
}
