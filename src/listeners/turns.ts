/** The requests of one HTTP/1 connection are answered in order (RFC 9112 section 9.3.2), and so they are served. */
import type { Socket } from 'node:net'
import { letWait } from '../turn-end.ts'
import { lastResponse } from './stalled.ts'

const kWaiting = Symbol('intermission.waiting')

const kBroken = Symbol('intermission.broken')

type SharedSocket = Socket & { [kWaiting]?: number; [kBroken]?: () => void }

/** No more of them are read while so many wait. Not the first: who does not read does not notice a client that leaves. */
const MOST_WAITING = 16

/**
 * Calls `act` once all earlier requests of the connection have been answered: at once, mostly. Two at a time would reach the
 * app in any order, a GET before the POST that it asks about. Never calls it when an earlier answer ends the connection.
 */
export function inTurn(socket: SharedSocket, act: () => void): void {
  const before = lastResponse(socket)
  if (before === undefined) act()
  else if (before.headersSent && !before.shouldKeepAlive) return
  else if (before.closed) act()
  else {
    count(socket, 1)
    before.once('close', () => {
      count(socket, -1)
      if (!socket.writable || !before.shouldKeepAlive) return
      // Until the end of one turn for each of them the client may have ended the connection.
      letWait(socket, false)
      if (socket[kWaiting] === 0 && socket[kBroken] !== undefined) socket[kBroken]()
      else act()
    })
  }
}

/** The last request that waits is not served once its turn comes: `act` is called instead. */
export function breakTurn(socket: SharedSocket, act: () => void): void {
  socket[kBroken] ??= act
}

function count(socket: SharedSocket, by: 1 | -1): void {
  const waiting = (socket[kWaiting] ?? 0) + by
  socket[kWaiting] = waiting
  if (by === 1 && waiting === MOST_WAITING) socket.pause()
  else if (by === -1 && waiting === MOST_WAITING - 1) socket.resume()
}
