import type { IncomingHttpHeaders } from 'node:http'

/** What is known of a file that a client may hold a copy of. */
export interface Representation {
  /** A strong entity tag, quotes included. */
  etag: string
  /** Whole seconds since 1970, as in Last-Modified. */
  modifiedSeconds: number
  size: number
}

/** How to answer: whole, one part, not at all, or with a refusal. */
export type Outcome =
  | { status: 200 | 304 | 412 | 416 }
  /** First and last byte, both included. */
  | { status: 206; start: number; end: number }

const RANGE = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i
const LIST_MEMBER = /(W\/)?"[^"]*"/g

/** Judges the conditions of a GET or HEAD in the order of RFC 9110 section 13.2.2. */
export function evaluate(method: string, headers: IncomingHttpHeaders, file: Representation): Outcome {
  const match = headers['if-match']
  if (match !== undefined) {
    if (!names(match, file.etag, true)) return { status: 412 }
  } else {
    const since = secondsOf(headers['if-unmodified-since'])
    if (since !== undefined && file.modifiedSeconds > since) return { status: 412 }
  }
  const noneMatch = headers['if-none-match']
  if (noneMatch !== undefined) {
    if (names(noneMatch, file.etag, false)) return { status: 304 }
  } else {
    const since = secondsOf(headers['if-modified-since'])
    if (since !== undefined && file.modifiedSeconds <= since) return { status: 304 }
  }
  return method === 'GET' ? rangeOf(headers, file) : { status: 200 }
}

// Several ranges are answered with the whole file, which section 14.2 leaves to us: nothing to multiply.
function rangeOf(headers: IncomingHttpHeaders, file: Representation): Outcome {
  const match = RANGE.exec(headers.range ?? '')
  if (match === null || !holds(headers['if-range'], file) || file.size === 0) return { status: 200 }
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return { status: 200 }
  const start = first === '' ? Math.max(0, file.size - Number(last)) : Number(first)
  const end = first === '' || last === '' ? file.size - 1 : Number(last)
  // Backwards means malformed, and a malformed range is ignored.
  if (first !== '' && last !== '' && start > end) return { status: 200 }
  if (start >= file.size) return { status: 416 }
  return { status: 206, start, end: Math.min(end, file.size - 1) }
}

// Section 13.1.5: both validators compare strongly, a date exactly.
function holds(condition: string | string[] | undefined, file: Representation): boolean {
  if (condition === undefined) return true
  const value = String(condition)
  return value === file.etag || secondsOf(value) === file.modifiedSeconds
}

function names(list: string, etag: string, strong: boolean): boolean {
  if (list.trim() === '*') return true
  for (const [member, weak] of list.matchAll(LIST_MEMBER)) {
    if (weak === undefined ? member === etag : !strong && member.slice(2) === etag) return true
  }
  return false
}

function secondsOf(date: string | undefined): number | undefined {
  // A date that is none is ignored. Dates of HTTP start with the day of the week; others are not meant.
  const ms = date !== undefined && /^[A-Z][a-z]{2}/.test(date) ? Date.parse(date) : Number.NaN
  return Number.isNaN(ms) ? undefined : Math.floor(ms / 1000)
}
