import { METHODS, type ServerResponse } from 'node:http'
import type { Refusal } from './request-head.ts'

/** What is said of it. */
interface RefusedRequest {
  status: number
  reason: null
  close: boolean
}

/** Answers a request that is not fit for an app. */
export function refuse(
  refusal: Refusal,
  response: ServerResponse,
  answer: (answer: RefusedRequest) => void
): void {
  if (refusal.status === 405)
    response.setHeader('Allow', METHODS.filter((name) => name !== 'TRACE' && name !== 'CONNECT').join(', '))
  // What follows on this connection may not be what it seems.
  answer({ status: refusal.status, reason: null, close: refusal.status !== 405 })
}
