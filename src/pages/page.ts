import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
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
  readonly contentType: string
  /** The language it says it is in (`<html lang>`), lower case. */
  readonly language: string | null
  /** The strictest Content-Security-Policy it works under, if it has no scripts. */
  readonly policy: string
}

/** A page larger than this, in bytes, is taken for a mistake. */
export const PAGE_LIMIT_BYTES = 1024 * 1024

const HTML_LANGUAGE = /<html\b[^>]*\slang\s*=\s*["']?([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)/i
const STYLE = /<style\b[^>]*>([\s\S]*?)<\/style>/gi

/** Makes a page from its bytes, given as one character a byte. */
export function createPage(file: string, bytes: string): Page {
  const template = parseTemplate(bytes)
  return {
    file,
    bytes,
    template,
    body: template.varies === 'never' ? createBody(bytes) : null,
    // A page in an older encoding names it itself, and a charset here would outrank that.
    contentType: isUtf8(Buffer.from(bytes, 'latin1')) ? 'text/html; charset=utf-8' : 'text/html',
    language: HTML_LANGUAGE.exec(bytes.slice(0, 4096))?.[1]?.toLowerCase() ?? null,
    policy: policyFor(bytes)
  }
}

/**
 * Reads a page file whole.
 *
 * @returns its bytes, one character each
 * @throws Error that says what is wrong: empty, too large, not a regular file, or the system's own error
 */
export function readPageFile(path: string): string {
  // Not to wait for the writer of a FIFO.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw new Error('is not a regular file')
    if (stats.size > PAGE_LIMIT_BYTES) throw new Error(`is larger than ${PAGE_LIMIT_BYTES} bytes`)
    const buffer = Buffer.allocUnsafe(PAGE_LIMIT_BYTES + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = readSync(fd, buffer, length, buffer.length - length, length)
    }
    if (length === 0) throw new Error('is empty')
    if (length > PAGE_LIMIT_BYTES) throw new Error(`is larger than ${PAGE_LIMIT_BYTES} bytes`)
    return buffer.toString('latin1', 0, length)
  } finally {
    closeSync(fd)
  }
}

function policyFor(bytes: string): string {
  const hashes = [...bytes.matchAll(STYLE)].map(
    ([, style]) => `'sha256-${createHash('sha256').update(style!, 'latin1').digest('base64')}'`
  )
  return [
    "default-src 'none'",
    ...(hashes.length > 0 ? [`style-src ${hashes.join(' ')}`] : []),
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'"
  ].join('; ')
}
