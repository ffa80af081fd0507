/**
 * Gives a response its head in one piece, and its body with it where that is known. Node's `writeHead` takes every field
 * apart, checks it and looks for those that it knows, which is a tenth of an answer from memory. Where nothing of that can
 * make a difference, this says the same bytes.
 */
import { ServerResponse } from 'node:http'
import { endAtTurnEnd } from './turn-end.ts'

/** The fields of a response as they go over the wire. */
export interface HeadLines {
  /** In latin1, each line with its end. */
  readonly text: string
  /** There is no `Date` among them. */
  readonly lacksDate: boolean
}

/** What Node keeps of a response, as far as its own `writeHead` sets or reads it. Checked before it is relied upon. */
interface NodeResponse {
  _header: string | null
  _headerSent: boolean
  readonly _keepAliveTimeout?: number
  readonly _maxRequestsPerSocket?: number
}

const { writeHead } = ServerResponse.prototype

/**
 * @param fields names and values in turn: valid ones of latin1, none about the connection
 * @returns null when their body has no length, so that Node has to find a framing
 */
export function headLines(fields: readonly string[]): HeadLines | null {
  let text = ''
  let hasLength = false
  let lacksDate = true
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i]!
    text += `${name}: ${fields[i + 1]!}\r\n`
    if (name.length === 14 && name.toLowerCase() === 'content-length') hasLength = true
    else if (name.length === 4 && name.toLowerCase() === 'date') lacksDate = false
  }
  return hasLength ? { text, lacksDate } : null
}

/**
 * Gives the response its head, for the body and the end to follow.
 *
 * @returns false when Node has to do it, and nothing was done: for HTTP/1.0 and 2, a response without a body, a connection
 *   that is to end, and where somebody else has a say in the fields
 */
export function setWholeHead(
  response: ServerResponse,
  status: number,
  reasonPhrase: string,
  lines: HeadLines
): boolean {
  const keptMs = keptMsOf(response, status)
  return (
    keptMs !== null && setHead(response, status, reasonPhrase, headText(status, reasonPhrase, lines, keptMs))
  )
}

/** An answer that many get. It is put together anew when its date has to change. */
export class WholeAnswer {
  readonly #status: number
  readonly #reasonPhrase: string
  readonly #lines: HeadLines
  readonly #body: string
  #text = ''
  #date = ''
  #keptMs = 0

  /** @param body as long as the fields say; one character a byte */
  constructor(status: number, reasonPhrase: string, lines: HeadLines, body: string) {
    this.#status = status
    this.#reasonPhrase = reasonPhrase
    this.#lines = lines
    this.#body = body
  }

  /**
   * Gives it to a response and ends that.
   *
   * @param isWaiting at the end of the turn
   * @returns false when nothing was done, as {@link setWholeHead} says
   */
  endBy(response: ServerResponse, isWaiting: boolean): boolean {
    const keptMs = keptMsOf(response, this.#status)
    if (keptMs === null) return false
    if (this.#date !== httpDate() || this.#keptMs !== keptMs) {
      this.#date = httpDate()
      this.#keptMs = keptMs
      this.#text = headText(this.#status, this.#reasonPhrase, this.#lines, keptMs) + this.#body
    }
    // Node sends what it takes for the head as it is, with what is written first, which is nothing here.
    if (!setHead(response, this.#status, this.#reasonPhrase, this.#text)) return false
    if (isWaiting) endAtTurnEnd(response, () => response.end())
    else response.end()
    return true
  }
}

/** For how long the connection is kept idle, 0 for ever; null when Node has to make the head. */
function keptMsOf(response: ServerResponse, status: number): number | null {
  const { req } = response
  if (req.httpVersionMajor !== 1 || req.httpVersionMinor !== 1 || req.method === 'HEAD') return null
  if (status < 200 || status === 204 || status === 304) return null
  if (!response.shouldKeepAlive || response.headersSent || !response.sendDate) return null
  if (response.writeHead !== writeHead || response.getHeaderNames().length > 0) return null
  const { _keepAliveTimeout: keptMs, _maxRequestsPerSocket: most } = response as unknown as NodeResponse
  return keptMs === undefined || most === undefined || most > 0 ? null : keptMs
}

function headText(
  status: number,
  reasonPhrase: string,
  { text, lacksDate }: HeadLines,
  keptMs: number
): string {
  const date = lacksDate ? `Date: ${httpDate()}\r\n` : ''
  const kept = keptMs > 0 ? `Keep-Alive: timeout=${Math.floor(keptMs / 1000)}\r\n` : ''
  return `HTTP/1.1 ${status} ${reasonPhrase}\r\n${text}${date}Connection: keep-alive\r\n${kept}\r\n`
}

function setHead(response: ServerResponse, status: number, reasonPhrase: string, text: string): boolean {
  response.statusCode = status
  response.statusMessage = reasonPhrase
  ;(response as unknown as NodeResponse)._header = text
  // A Node that keeps it elsewhere does not know of it.
  return response.headersSent
}

/** The head that {@link setWholeHead} has set, from whoever sends it by himself: Node does not send it any more. */
export function takeHead(response: ServerResponse): string {
  const node = response as unknown as NodeResponse
  node._headerSent = true
  return node._header ?? ''
}

let date = ''

// RFC 9110 section 5.6.7; it has seconds only.
function httpDate(): string {
  if (date === '') {
    const now = new Date()
    date = now.toUTCString()
    setTimeout(forgetDate, 1000 - now.getMilliseconds()).unref()
  }
  return date
}

function forgetDate(): void {
  date = ''
}
