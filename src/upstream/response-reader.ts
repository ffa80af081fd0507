import { type ChunkedDecoder, createChunkedDecoder } from './chunked-decoder.ts'
import { UpstreamError } from './failure.ts'
import { parseResponseHead, type ResponseHead } from './response-head.ts'

/** Longest response head that is read (nginx: `proxy_buffer_size`, there 4 or 8 KiB). */
const HEAD_LIMIT_BYTES = 65_536
/** Interim responses in front of one final response; more is an attack. */
const INTERIM_LIMIT = 64
const HEAD_END = Buffer.from('\r\n\r\n')
const CR = 0x0d
const LF = 0x0a
const HTTP_START = Buffer.from('HTTP/1.')
const NO_TRAILERS: string[] = []

/** What is in the bytes of a response, in this order. */
export interface ResponseEvents {
  onInterim(head: ResponseHead): void
  onHead(head: ResponseHead): void
  /** @param bytes good until `onBatchEnd` or `onEnd`, unless they are more than what everybody copies */
  onData(bytes: Buffer): void
}

/** Finds the parts of one response in the bytes of a connection; used again for the next one. */
export class ResponseReader {
  /** The final head, once it has been read. */
  head: ResponseHead | null = null
  /** The response is whole. After a 101 this is true at once: what follows is another protocol. */
  done = false
  trailers: string[] = NO_TRAILERS
  /** Bytes after the end of the response: the beginning of a new protocol after a 101, otherwise nobody's. */
  rest: Buffer | null = null
  #method = ''
  #mayUpgrade = false
  #events: ResponseEvents | null = null
  #pending: Buffer | null = null
  #interims = 0
  #closeAnnounced = false
  #left = 0
  #chunked: ChunkedDecoder | null = null
  readonly #sink = (bytes: Buffer): void => this.#events?.onData(bytes)

  /**
   * @param method of the request: an answer to HEAD has no body
   * @param mayUpgrade the client asked to change protocols, so that a 101 is an answer
   */
  start(method: string, mayUpgrade: boolean, events: ResponseEvents): void {
    this.head = null
    this.done = false
    this.trailers = NO_TRAILERS
    this.rest = null
    this.#method = method
    this.#mayUpgrade = mayUpgrade
    this.#events = events
    this.#pending = null
    this.#interims = 0
    this.#closeAnnounced = false
    this.#chunked = null
  }

  /** Nothing of the final response has come. */
  get isUntouched(): boolean {
    return this.head === null && this.#pending === null
  }

  /** Drops what it holds of the last response and of who waited for it. */
  stop(): void {
    this.#events = null
    this.#pending = null
  }

  /** @throws UpstreamError `invalid-response` */
  read(bytes: Buffer): void {
    if (this.head === null) this.#readHead(bytes)
    else this.#readBody(bytes)
  }

  /** The connection has ended in an orderly way: the end of a body without a length, and of nothing else. */
  endOfConnection(): boolean {
    if (this.head?.framing === 'close') this.done = true
    return this.done
  }

  #readHead(bytes: Buffer): void {
    const begins = this.#pending === null
    let rest = this.#pending === null ? bytes : Buffer.concat([this.#pending, bytes])
    this.#pending = null
    while (this.#events !== null) {
      const end = rest.indexOf(HEAD_END)
      if (end > HEAD_LIMIT_BYTES || (end === -1 && rest.length > HEAD_LIMIT_BYTES)) {
        throw new UpstreamError('invalid-response', `a head of more than ${HEAD_LIMIT_BYTES} bytes`)
      }
      if (end === -1) {
        if (!couldBeHttp(rest)) throw new UpstreamError('invalid-response', 'not HTTP')
        // Whoever ends lines so has said all, and the end that we wait for would never come.
        if (hasBareLf(bytes, begins)) throw new UpstreamError('invalid-response', 'a line ends in LF alone')
        this.#pending = Buffer.from(rest)
        return
      }
      const head = parseResponseHead(rest.toString('latin1', 0, end), this.#method)
      rest = rest.subarray(end + HEAD_END.length)
      if (head.status >= 200 || head.status === 101) {
        this.#takeHead(head, rest)
        return
      }
      if (++this.#interims > INTERIM_LIMIT)
        throw new UpstreamError('invalid-response', 'too many interim responses')
      if (!head.keepAlive) this.#closeAnnounced = true
      this.#events.onInterim(head)
    }
  }

  #takeHead(head: ResponseHead, rest: Buffer): void {
    this.head = head
    if (this.#closeAnnounced) head.keepAlive = false
    if (head.status === 101) {
      if (!this.#mayUpgrade) throw new UpstreamError('invalid-response', 'a 101 that nobody asked for')
      this.done = true
      this.rest = Buffer.from(rest)
      return
    }
    if (head.framing === 'length') this.#left = head.contentLength
    else if (head.framing === 'chunked') this.#chunked = createChunkedDecoder()
    this.#events!.onHead(head)
    if (head.framing === 'none') this.#finish(rest)
    else if (rest.length > 0) this.#readBody(rest)
  }

  #readBody(bytes: Buffer): void {
    switch (this.head!.framing) {
      case 'length': {
        const used = Math.min(bytes.length, this.#left)
        this.#left -= used
        this.#sink(used === bytes.length ? bytes : bytes.subarray(0, used))
        if (this.#left === 0) this.#finish(bytes.subarray(used))
        break
      }
      case 'chunked': {
        const used = this.#chunked!.read(bytes, this.#sink)
        if (!this.#chunked!.done) break
        this.trailers = this.#chunked!.trailers
        this.#finish(bytes.subarray(used))
        break
      }
      case 'close':
        this.#sink(bytes)
        break
      case 'none':
        break
    }
  }

  #finish(rest: Buffer): void {
    this.done = true
    this.rest = rest.length > 0 ? rest : null
  }
}

// An upstream that speaks another protocol is found out at its first bytes instead of at the time-out.
function couldBeHttp(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, HTTP_START.length)
  return bytes.compare(HTTP_START, 0, length, 0, length) === 0
}

function hasBareLf(bytes: Buffer, begins: boolean): boolean {
  // A first LF may be the second half of a CRLF.
  for (let at = bytes.indexOf(LF, begins ? 0 : 1); at !== -1; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at - 1] !== CR) return true
  }
  return false
}
