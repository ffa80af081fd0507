import { isUtf8 } from 'node:buffer'
import { type Body, createBody } from './body.ts'
import { parseTemplate, type Template } from './render.ts'

/** A page as it was read, ready to be sent. */
export interface Page {
  readonly file: string
  /** The bytes of the file, one character each. */
  readonly bytes: string
  readonly template: Template
  /** The page as it is, when nothing in it has to be filled in; shared by all answers. */
  readonly body: Body | null
  /** Whether it differs from one request to the next, and by no more than the request's method can tell. */
  readonly varies: { byRequest: boolean; byMethod: boolean }
  readonly contentType: string
  /** The language it says it is in (`<html lang>`), lower case. */
  readonly language: string | null
}

const HTML_LANGUAGE = /<html\b[^>]*\slang\s*=\s*["']?([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)/i

/** Makes a page from its bytes, given as one character a byte. */
export function createPage(file: string, bytes: string): Page {
  const template = parseTemplate(bytes)
  const uses = (...names: string[]): boolean => names.some((name) => template.names.has(name))
  return {
    file,
    bytes,
    template,
    body: template.names.size === 0 ? createBody(bytes) : null,
    varies: {
      byRequest: uses('requestId', 'retryAfterSeconds'),
      byMethod: uses('safe', 'notSent', 'maybeSent')
    },
    // A page in an older encoding names it itself, and a charset here would outrank that.
    contentType: isUtf8(Buffer.from(bytes, 'latin1')) ? 'text/html; charset=utf-8' : 'text/html',
    language: HTML_LANGUAGE.exec(bytes.slice(0, 4096))?.[1]?.toLowerCase() ?? null
  }
}
