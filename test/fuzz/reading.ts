/** What a reader made of the bytes of one response, in a form that two readers can be compared in. */

/** `waiting`: the bytes have run out, the connection is open, and the reader wants more of them. */
export type Ending = 'complete' | 'upgrade' | 'cut' | 'invalid' | 'waiting' | 'aborted'

export interface HeadRead {
  version: string
  status: number
  reason: string
  /** Name, value, ... in latin1, as the reader gives them. */
  fields: string[]
}

export interface Reading {
  end: Ending
  interims: HeadRead[]
  /** The final head. */
  head: HeadRead | null
  /** The body that was handed on, in latin1. */
  body: string
  trailers: string[]
  /** After a 101: the first bytes of the other protocol, as far as they came in one packet with it. */
  rest: string
  /** The connection may serve another request. */
  keepAlive: boolean
  /** Why it is invalid, in the reader's words. */
  detail: string
}

export function emptyReading(): Reading {
  return {
    end: 'waiting',
    interims: [],
    head: null,
    body: '',
    trailers: [],
    rest: '',
    keepAlive: false,
    detail: ''
  }
}
