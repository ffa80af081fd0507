import type { IncomingMessage, ServerResponse } from 'node:http'
import { whenOver } from './client.ts'

/** Keeps count of requests; the in-flight count of a site is one. */
export interface Counter {
  begin(entry: OwnRequest): void
  end(entry: OwnRequest): void
}

/** The requests that routes of the app itself answer. */
export interface OwnRequests {
  /** The app has it. */
  enter(request: IncomingMessage, response: ServerResponse): void
  /** The app has it no more. */
  leave(request: IncomingMessage): void
}

export function createOwnRequests(counter: Counter): OwnRequests {
  const known = new WeakMap<IncomingMessage, OwnRequest>()
  return {
    enter(request, response) {
      let one = known.get(request)
      if (one === undefined) {
        one = new OwnRequest(request, response, counter)
        known.set(request, one)
      }
      one.enter()
    },
    leave: (request) => known.get(request)?.leave()
  }
}

/** A request that a route of the app itself answers, and that is in flight until its response has ended. */
class OwnRequest {
  readonly request: IncomingMessage
  readonly isUpgraded: boolean
  readonly #response: ServerResponse
  readonly #counter: Counter
  #isCounted = false
  #isOver = false

  constructor(request: IncomingMessage, response: ServerResponse, counter: Counter) {
    this.request = request
    // One that asks for another protocol is, as far as can be seen from here, all about that.
    this.isUpgraded = request.headers.upgrade !== undefined
    this.#response = response
    this.#counter = counter
    whenOver(response, () => {
      this.#isOver = true
      this.leave()
    })
  }

  enter(): void {
    if (this.#isCounted || this.#isOver) return
    this.#isCounted = true
    this.#counter.begin(this)
  }

  leave(): void {
    if (!this.#isCounted) return
    this.#isCounted = false
    this.#counter.end(this)
  }

  /** It is where it is answered as soon as it is let in. */
  withdraw(): boolean {
    return false
  }

  abort(): void {
    this.#response.destroy()
  }

  /** The protocol is the app's, and so is its goodbye. */
  close(): void {
    this.abort()
  }
}
