import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { rawTarget } from '../raw-target.ts'
import type { RequestChannel } from './exchange.ts'
import { watchAnswer } from './watch-answer.ts'

/** What is counted as in flight. A relay is, and what is left of one that was given up. */
export interface Counted {
  /** Null when it was too large to be kept. */
  readonly request: IncomingMessage | null
  readonly isUpgraded: boolean
  withdraw(): boolean
  close(): void
  abort(): void
}

/** Keeps count of requests; the in-flight count of a site is one. */
export interface LeftoverCounter {
  /** @returns whether the entry was counted */
  abandon(entry: Counted, leftover: Counted): boolean
  end(leftover: Counted): void
}

/** What is left of a request. */
interface Leftover extends Counted {
  /** What its answer is watched on. */
  socket: Socket | null
}

export interface LeftoverOptions {
  /** How long an app may go on of which nothing is seen; 0: nobody cares. */
  timeoutMs: number
  /** How long it may take for an answer that is only watched. */
  answerTimeoutMs: number
}

/** A head that is longer is not kept, so that many who leave cannot fill the memory: it is waited for in any mode. */
const KEPT_HEAD_CHARS = 4096
/** Connections that are kept to see an answer, at most. */
const WATCHED_AT_MOST = 256

/**
 * Looks after requests that were given up. An app that is told may stop, or go on in silence: most close their side of the
 * connection at once, whatever they do then, and are given some time. Those that do not notice send their answer in
 * the end, and then it is known.
 *
 * @returns to be told of each, once; ends the exchange
 */
export function watchAbandoned(
  counter: LeftoverCounter | null,
  { timeoutMs, answerTimeoutMs }: LeftoverOptions
): (entry: Counted & { request: IncomingMessage }, connection: RequestChannel) => void {
  if (counter === null || timeoutMs === 0) return (_entry, connection) => connection.abort()
  const count = counter
  let watched = 0

  function lookAfter(leftover: Leftover, method: string): void {
    const { socket } = leftover
    const forget = (): void => count.end(leftover)
    if (socket === null) {
      setTimeout(forget, timeoutMs).unref()
      return
    }
    watched++
    watchAnswer(socket, method, answerTimeoutMs, (isWhole) => {
      watched--
      if (isWhole) forget()
      else setTimeout(forget, timeoutMs).unref()
    })
  }

  return (entry, connection) => {
    const leftover = createLeftover(entry.request)
    const isCounted = count.abandon(entry, leftover)
    if (isCounted && watched < WATCHED_AT_MOST) leftover.socket = connection.release()
    else connection.abort()
    if (isCounted) lookAfter(leftover, entry.request.method!)
  }
}

function createLeftover(request: IncomingMessage): Leftover {
  const leftover: Leftover = {
    request: judgedBy(request),
    isUpgraded: false,
    socket: null,
    withdraw: () => false,
    close() {},
    abort: () => void leftover.socket?.destroy()
  }
  return leftover
}

// What a gate decides by. The rest, such as the client's connection, would be kept in memory for no use.
function judgedBy(request: IncomingMessage): IncomingMessage | null {
  const { method, headers, rawHeaders, socket } = request
  const url = rawTarget(request)
  if (rawHeaders.reduce((sum, text) => sum + text.length, url.length) > KEPT_HEAD_CHARS) return null
  const kept = { method, headers, url, socket: { remoteAddress: socket.remoteAddress } }
  return kept as unknown as IncomingMessage
}
