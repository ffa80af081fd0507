import type { Socket } from 'node:net'

const kUnixPeer = Symbol('intermission.unixPeer')

type MarkedSocket = Socket & { [kUnixPeer]?: boolean }

/**
 * Marks a connection that came in over a unix socket. That it has no address does not tell: neither has a TCP
 * connection whose other end has just gone.
 */
export function markUnixPeer(socket: MarkedSocket): void {
  socket[kUnixPeer] = true
}

/** Whether {@link markUnixPeer} has marked it. */
export function isUnixPeer(socket: MarkedSocket): boolean {
  return socket[kUnixPeer] === true
}
