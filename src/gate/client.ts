import type { ServerResponse } from 'node:http'

/** Whether nobody waits for an answer any more. Over HTTP/2 the stream knows first. */
export function isGone(response: ServerResponse & { stream?: { destroyed: boolean } }): boolean {
  return response.destroyed || response.stream?.destroyed === true
}

/** Calls back once a request is over, whatever way; a connection of another protocol when that has ended. */
export function whenOver(response: ServerResponse, callback: () => void): void {
  if (isGone(response)) callback()
  else response.once('close', callback)
}
