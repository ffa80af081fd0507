/** A socket without a network: the test says what arrives, and everything happens at once. */
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'

export class Wire extends EventEmitter {
  writableNeedDrain = false
  destroyed = false
  paused = false
  /** How often something was sent. */
  writes = 0

  /** What a connection takes for its socket: it uses no more of it than is here. */
  get socket(): Socket {
    return this as unknown as Socket
  }

  write(): boolean {
    this.writes++
    return true
  }

  pause(): this {
    this.paused = true
    return this
  }

  resume(): this {
    this.paused = false
    return this
  }

  destroy(): this {
    this.destroyed = true
    return this
  }

  cork(): void {}

  uncork(): void {}
}
