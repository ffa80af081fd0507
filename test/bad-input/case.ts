/** One thing that clients send that they should not, and how to write it down. Bytes are in latin1, one character a byte. */

export interface BadInput {
  /** What is wrong, in a few words. */
  name: string
  /** What is sent on a connection of its own. */
  bytes: string
  /** What the client does once that is on its way: it says that nothing more comes, or resets the connection. Default: it waits. */
  leaves?: 'by an end' | 'by a reset'
  /** The statuses of the answers in order; with `, end` when the connection is closed after them. */
  answer: string
  /** The requests that reach the app, as `METHOD target`, with the body behind it; nothing when there are none. */
  app?: readonly string[]
  /** What more the head must, or must not, have when it reaches the app. */
  head?: { has?: readonly RegExp[]; lacks?: readonly RegExp[] }
}

export const HOST = 'Host: h\r\n'
export const get = (target: string): string => `GET ${target} HTTP/1.1\r\n${HOST}\r\n`
export const fields = (...lines: string[]): string =>
  `GET / HTTP/1.1\r\n${HOST}${lines.map((line) => `${line}\r\n`).join('')}\r\n`
export const post = (body: string, ...lines: string[]): string =>
  `POST /p HTTP/1.1\r\n${HOST}${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`
export const chunked = (body: string, ...lines: string[]): string =>
  post(body, 'Transfer-Encoding: chunked', ...lines)
export const NEXT = 'GET /next HTTP/1.1\r\nHost: h\r\n\r\n'

/** Passes to the app as it came. */
export const passes = (name: string, target: string): BadInput => ({
  name,
  bytes: get(target),
  answer: '200',
  app: [`GET ${target}`]
})
export const refused = (name: string, bytes: string, answer = '400, end'): BadInput => ({
  name,
  bytes,
  answer
})
