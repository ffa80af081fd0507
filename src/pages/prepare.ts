import type { IncomingMessage } from 'node:http'
import { createBody } from './body.ts'
import { dateText } from './date-text.ts'
import type { FoundPage } from './lookup.ts'
import { type Coding, chooseCoding, chooseForm } from './negotiate.ts'
import { fillTemplate, type PageValues, toBytes } from './render.ts'
import type { Saying } from './sayings.ts'
import type { Prepared } from './send.ts'
import { type Problem, problemHead, problemLine, titleOf } from './wording.ts'

const VARY = 'Accept, Accept-Encoding, Accept-Language, Origin'
const VARY_FIXED = 'Accept-Encoding, Accept-Language, Origin'

// Error statuses that a cache may keep without being told to (RFC 9110 section 15.1).
const CACHEABLE_BY_DEFAULT = new Set([404, 405, 410, 414, 501])

/** What became of what the client sent: nothing was to be changed, it did not reach the app, or it may have. */
type Submission = 'safe' | 'notSent' | 'maybeSent'

/** Kinds of clients that get one page in different bytes. */
const KINDS: Record<Submission, Record<Coding, string>> = {
  safe: { br: 'safe br', gzip: 'safe gzip', identity: 'safe' },
  notSent: { br: 'not sent br', gzip: 'not sent gzip', identity: 'not sent' },
  maybeSent: { br: 'maybe sent br', gzip: 'maybe sent gzip', identity: 'maybe sent' }
}

// RFC 9110 section 9.2.1. A page that answers one of these may be asked for again.
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** The answer for one client, from memory wherever it does not name the request itself. */
export function prepareAnswer(
  request: IncomingMessage,
  saying: Saying,
  found: FoundPage,
  problem: Problem
): Prepared {
  // An operator's page for an automatic error goes out whatever the client accepts, as from nginx's error_page.
  const fixed = found.own && saying.status !== 503
  const form = fixed ? 'html' : chooseForm(request)
  if (form === 'html') {
    return htmlAnswer(saying, found, chooseCoding(request.headers['accept-encoding']), request, problem)
  }
  if (form === 'text') {
    return saying.keep(null, 'text', () =>
      plainAnswer(saying, 'text/plain; charset=utf-8', problemLine(problem))
    )
  }
  const id = problem.requestId
  if (id === undefined)
    return saying.keep(null, 'json', () => jsonAnswer(saying, `${problemHead(problem)}null}`))
  const head = saying.keep(null, 'json up to the id', () => jsonAnswer(saying, problemHead(problem))).body
  return jsonAnswer(saying, `${head}${toBytes(JSON.stringify(id))}}`)
}

/** The answer to a preflight: the headers of what is being said, and no body. */
export function preflightAnswer(saying: Saying, permission: readonly string[]): Prepared {
  const vary = 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers'
  return { status: 204, headers: [...headersOf(saying, vary), ...permission], body: '' }
}

function htmlAnswer(
  saying: Saying,
  found: FoundPage,
  coding: Coding,
  request: IncomingMessage,
  problem: Problem
): Prepared {
  const { page } = found
  const submission = page.varies.byMethod ? submissionOf(request, problem) : 'safe'
  const values = (): PageValues => valuesOf(saying, found, submission, problem)
  // What names the request is different every time: compressing it would be work for every request.
  if (page.varies.byRequest) {
    return htmlWith(saying, found, { coding: 'identity', bytes: fillTemplate(page.template, values()) })
  }
  return saying.keep(found, KINDS[submission][coding], () => {
    const kind = `${found.own ? 'own' : 'built-in'} ${page.file} ${submission}`
    let body = page.body ?? saying.bodies.get(kind)
    if (body === undefined) {
      body = createBody(fillTemplate(page.template, values()))
      saying.bodies.set(kind, body)
    }
    return htmlWith(saying, found, body.in(coding))
  })
}

function htmlWith(saying: Saying, found: FoundPage, body: { coding: Coding; bytes: string }): Prepared {
  const headers = [
    'Content-Type',
    found.page.contentType,
    'Content-Length',
    String(body.bytes.length),
    ...headersOf(saying, found.own && saying.status !== 503 ? VARY_FIXED : VARY)
  ]
  if (body.coding !== 'identity') headers.push('Content-Encoding', body.coding)
  if (found.language !== null) headers.push('Content-Language', found.language)
  if (found.policy !== null) headers.push('Content-Security-Policy', found.policy)
  return { status: saying.status, headers, body: body.bytes }
}

function jsonAnswer(saying: Saying, body: string): Prepared {
  return plainAnswer(saying, 'application/problem+json', body)
}

function plainAnswer(saying: Saying, type: string, body: string): Prepared {
  const headers = ['Content-Type', type, 'Content-Length', String(body.length), ...headersOf(saying, VARY)]
  return { status: saying.status, headers, body }
}

function headersOf(saying: Saying, vary: string): string[] {
  const headers = ['Vary', vary, 'X-Content-Type-Options', 'nosniff']
  // A page in place of the app's own error says nothing about caching, as nginx's does, unless a cache would keep the
  // status for as long as it likes.
  if (saying.reason !== 'intercepted' || CACHEABLE_BY_DEFAULT.has(saying.status))
    headers.push('Cache-Control', 'no-store')
  if (saying.reason !== null) headers.push('Intermission-Reason', saying.reason)
  if (saying.retryAfterSeconds !== null) headers.push('Retry-After', String(saying.retryAfterSeconds))
  return headers
}

/** The page for whoever is answered first: in read-only that is a form. One character a byte. */
export function renderPage(saying: Saying, found: FoundPage, problem: Problem): string {
  const submission = saying.reason === 'read-only' ? 'notSent' : 'safe'
  return fillTemplate(found.page.template, valuesOf(saying, found, submission, problem))
}

function submissionOf({ method = 'GET' }: IncomingMessage, { mayHaveArrived }: Problem): Submission {
  if (SAFE_METHODS.has(method)) return 'safe'
  return mayHaveArrived === true ? 'maybeSent' : 'notSent'
}

function valuesOf(saying: Saying, found: FoundPage, submission: Submission, problem: Problem): PageValues {
  const { status, message, reason, until, retryAfterSeconds, site } = saying
  return {
    status,
    title: titleOf(status),
    message,
    reason,
    until,
    untilText: until === null ? null : dateText(until, found.language ?? found.page.language ?? 'en'),
    retryAfterSeconds,
    requestId: problem.requestId ?? null,
    site,
    safe: submission === 'safe',
    notSent: submission === 'notSent',
    maybeSent: submission === 'maybeSent'
  }
}
