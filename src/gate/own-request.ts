import type { IncomingMessage, ServerResponse } from 'node:http'
import { whenOver } from './client.ts'

/** Keeps count of requests; the in-flight count of a site is one. */
export interface Counter {
  begin(entry: OwnRequest): void
  end(entry: OwnRequest): void
}

/** A request that a route of the app itself answers, and that is in flight until its response has ended. */
export class OwnRequest {
  readonly request: IncomingMessage
  readonly isUpgraded: boolean
  readonly isWaiting = false
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

  /** The app has it. */
  enter(): void {
    if (this.#isCounted || this.#isOver) return
    this.#isCounted = true
    this.#counter.begin(this)
  }

  /** The app has it no more. */
  leave(): void {
    if (!this.#isCounted) return
    this.#isCounted = false
    this.#counter.end(this)
  }

  abort(): void {
    this.#response.destroy()
  }

  /** The protocol is the app's, and so is its goodbye. */
  close(): void {
    this.abort()
  }
}
