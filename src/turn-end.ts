/**
 * Lets what is to be sent wait for the end of a turn of the event loop, so that it leaves together. A write costs the most where
 * whoever reads has to be woken for it, and of many that follow one another only the first does.
 *
 * Of a turn with one event the end is at once. With many, nobody waits longer than for the turn.
 */
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const kEnding = Symbol('intermission.ending')
const kWaits = Symbol('intermission.waits')

type EndingResponse = ServerResponse & { [kEnding]?: true }
type WaitingSocket = Socket & { [kWaits]?: boolean }

let waiting: (() => void)[] = []

/** Calls `act` once everything that has arrived by now is read. */
export function atTurnEnd(act: () => void): void {
  if (waiting.push(act) === 1) setImmediate(endTurn)
}

/** Does what waits, now. */
export function endTurn(): void {
  const acts = waiting
  waiting = []
  let next = 0
  try {
    while (next < acts.length) acts[next++]!()
  } finally {
    // One that throws takes nobody's answer with it: the process may be that of an app which goes on.
    for (const act of acts.slice(next)) atTurnEnd(act)
  }
}

/**
 * Lets answers on a connection wait, or not. They do not unless somebody sees to it that they are sent before the connection
 * ends: a server that is not ours says nothing of a parse error or of a client's farewell.
 */
export function letWait(socket: WaitingSocket, isWaiting: boolean): void {
  socket[kWaits] = isWaiting
}

/**
 * Lets a response wait whose head has been given to it, where it may.
 *
 * @param end ends it; not called when the client is gone by then
 */
export function endAtTurnEnd(response: EndingResponse, end: () => void): void {
  response[kEnding] = true
  const socket: WaitingSocket | null = response.socket
  if (socket?.[kWaits] !== true) end()
  else
    atTurnEnd(() => {
      if (!response.destroyed) end()
    })
}

/** Whether nothing more may be said to it. */
export function isEnding(response: EndingResponse): boolean {
  return response.writableEnded || response[kEnding] === true
}
