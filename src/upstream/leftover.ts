import type { IncomingMessage } from 'node:http'
import { rawTarget } from '../raw-target.ts'

/** What is counted as in flight. A relay is, and what is left of one that was given up. */
export interface Counted {
  readonly request: IncomingMessage
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

/**
 * Looks after requests that were given up. An app that is told may stop, or work on in silence: most close their side of
 * the connection at once, whatever they do then. So it is given some time.
 *
 * @param timeoutMs how long it may go on; 0: nobody cares
 * @returns to be told of each, once
 */
export function watchAbandoned(counter: LeftoverCounter | null, timeoutMs: number): (entry: Counted) => void {
  if (counter === null || timeoutMs === 0) return () => {}
  return (entry) => {
    const leftover = createLeftover(entry.request)
    if (counter.abandon(entry, leftover)) setTimeout(() => counter.end(leftover), timeoutMs).unref()
  }
}

function createLeftover(request: IncomingMessage): Counted {
  const nothing = (): void => {}
  const kept = judgedBy(request)
  return { request: kept, isUpgraded: false, withdraw: () => false, close: nothing, abort: nothing }
}

// What a gate decides by. The rest, such as the client's connection, would be kept in memory for no use.
function judgedBy(request: IncomingMessage): IncomingMessage {
  const { method, headers, socket } = request
  const kept = { method, headers, url: rawTarget(request), socket: { remoteAddress: socket.remoteAddress } }
  return kept as unknown as IncomingMessage
}
