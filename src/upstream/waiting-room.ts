import type { ExchangeHandler, UpstreamRequest } from './exchange.ts'

/** Requests that wait for an upstream, first in, first out. */
export interface WaitingRoom {
  /** False when it is full: the request has not been taken. */
  add(request: UpstreamRequest, handler: ExchangeHandler, untilMs: number): boolean
  /** Requests whose client is still there. */
  readonly size: number
  /** Takes out what may wait no longer at `nowMs`; clients that have left are forgotten. */
  expire(nowMs: number, onExpired: (request: UpstreamRequest, handler: ExchangeHandler) => void): void
  /** Takes up to `count` out, in the order in which they came. */
  release(count: number, onReleased: (request: UpstreamRequest, handler: ExchangeHandler) => void): void
}

interface Waiting {
  request: UpstreamRequest
  handler: ExchangeHandler
  untilMs: number
}

/** @param limit how many may wait at once */
export function createWaitingRoom(limit: number): WaitingRoom {
  let waiting: Waiting[] = []
  return {
    get size() {
      return waiting.length
    },
    add(request, handler, untilMs) {
      if (waiting.length >= limit) return false
      waiting.push({ request, handler, untilMs })
      return true
    },
    expire(nowMs, onExpired) {
      const all = waiting
      waiting = all.filter(({ handler, untilMs }) => !handler.isGone && untilMs > nowMs)
      if (waiting.length === all.length) return
      for (const { request, handler, untilMs } of all) {
        if (!handler.isGone && untilMs <= nowMs) onExpired(request, handler)
      }
    },
    release(count, onReleased) {
      for (const { request, handler } of waiting.splice(0, count)) {
        if (!handler.isGone) onReleased(request, handler)
      }
    }
  }
}
