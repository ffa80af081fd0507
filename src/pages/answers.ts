import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BrandOptions } from '../brand.ts'
import { observationOf } from '../observation.ts'
import { assetAnswer } from './asset-answer.ts'
import { ASSETS_PATH, type Asset, assetName } from './assets.ts'
import { corsHeaders, isPreflight, preflightHeaders } from './cors.ts'
import type { PagesLog } from './folder.ts'
import { openLibrary } from './library.ts'
import { createLook } from './look.ts'
import { preflightAnswer, prepareAnswer, renderPage } from './prepare.ts'
import { createSayings } from './sayings.ts'
import { isOver, type Prepared, send } from './send.ts'
import type { Problem } from './wording.ts'

export type { Problem } from './wording.ts'

/** What the gateway itself says to its clients. */
export interface Answers {
  /** Languages that there are pages in, lower case. */
  readonly languages: readonly string[]
  /**
   * Writes the whole answer to the raw response: a body in the form the client accepts, headers, HEAD, CORS, preflight.
   * Does nothing for a client that is gone; destroys the connection when a head is already out. Never throws.
   */
  write(request: IncomingMessage, response: ServerResponse, problem: Problem): void
  /**
   * Answers a request for a file beside the operator's pages, below `/.intermission/assets/`. Never throws.
   *
   * @param target the request target as it was received
   * @returns false when it asks for something else, and nothing was done
   */
  writeAsset(request: IncomingMessage, response: ServerResponse, target: string): boolean
  /** The page that a visitor of this language would get, to be looked at beforehand. */
  render(problem: Problem, language: string): RenderedPage
  /** Stops watching the pages. */
  close(): void
}

/** A page that is not sent to a visitor. */
export interface RenderedPage {
  /** The page, in UTF-8. */
  html: Buffer
  /** Its Content-Type. */
  contentType: string
  /** The Content-Security-Policy it would have; null for none. */
  policy: string | null
}

/** Options of {@link createAnswers}. */
export interface AnswersOptions {
  /** Folder of the operator's pages (`502.fr.html`, `50x.html`, `maintenance.html`, ...). Default: the built-in set. */
  pagesDir?: string | undefined
  /** Name, colour, logo and support link of the site. */
  brand?: BrandOptions | undefined
  /** Milliseconds over which those who wait return once the app answers again. Default 2000. */
  returnSpreadMs?: number | undefined
  /**
   * Whether `/.intermission/status` says if the app answers again, so that pages can wait for it. Asked when a page is
   * put together. Default: yes.
   */
  returns?: (() => boolean) | undefined
  /** Told about pages that cannot be used, as a pino logger. Default: nobody. */
  log?: PagesLog
}

/**
 * Prepares what the gateway says. Pages are read and compressed here, after an edit and when something new is said;
 * repeating an answer touches neither files nor compression.
 *
 * @throws InputError when `pagesDir` is not a readable directory, or a part of the brand is not allowed
 */
export function createAnswers(options: AnswersOptions = {}): Answers {
  const { log, pagesDir, returnSpreadMs = 2000, returns = () => true } = options
  const look = createLook(options.brand, pagesDir, returnSpreadMs)
  const library = openLibrary({ folder: pagesDir, look, returns, log })
  const sayings = createSayings(library.find)
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
    const found = saying.pageFor(request.headers['accept-language'] ?? '')
    const answer = prepareAnswer(request, saying, found, problem)
    const { headers = [] } = problem
    if (cors === null && headers.length === 0) return answer
    return { ...answer, headers: [...answer.headers, ...(cors ?? []), ...headers], whole: null }
  }

  function write(
    request: IncomingMessage,
    response: ServerResponse,
    make: () => Prepared,
    close: boolean
  ): void {
    try {
      if (isOver(response)) return
      if (response.headersSent) response.destroy()
      else send(request, response, make(), close)
    } catch (error) {
      log?.warn({ err: error }, 'answer could not be written')
      response.destroy()
    }
  }

  return {
    get languages() {
      return library.languages
    },
    write(request, response, problem) {
      note(response, problem.reason)
      write(request, response, () => answerTo(request, problem), problem.close === true)
    },
    writeAsset(request, response, target) {
      const name = assetName(target)
      if (name === undefined) return false
      write(
        request,
        response,
        () => {
          library.refresh()
          const asset = library.asset(name)
          if (asset === undefined) return answerTo(request, { status: 404, reason: null })
          if (request.method === 'GET' || request.method === 'HEAD') return assetAnswer(request, asset)
          return answerTo(request, { status: 405, reason: null, headers: ['Allow', 'GET, HEAD'] })
        },
        false
      )
      return true
    },
    render(problem, language) {
      library.refresh()
      const saying = createSayings(library.find).of(problem)
      const found = saying.pageFor(language)
      const html = renderPage(saying, found, problem).replace(ASSET, (path) =>
        dataUrl(library.asset(assetName(path) ?? ''), path)
      )
      return {
        html: Buffer.from(html, 'latin1'),
        contentType: found.page.contentType,
        policy: found.policy?.replace("img-src 'self' ", 'img-src ') ?? null
      }
    },
    close: () => library.close()
  }
}

function note(response: ServerResponse, reason: string | null): void {
  const observation = observationOf(response)
  if (observation === undefined || response.headersSent) return
  observation.answeredBy = 'gateway'
  observation.reason = reason
}

// Where a page is only looked at, nobody serves the files beside it.
const ASSET = new RegExp(`${ASSETS_PATH}[\\w.%-]+`, 'g')

function dataUrl(asset: Asset | undefined, path: string): string {
  if (asset === undefined) return path
  return `data:${asset.contentType};base64,${Buffer.from(asset.bytes, 'latin1').toString('base64')}`
}
