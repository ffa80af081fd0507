/** A socket without a network: the test says what arrives, and everything happens at once. */
import { EventEmitter } from 'node:events'
import type { OnReadOpts, Socket } from 'node:net'

const SCRIBBLE = 0x7e

export class Wire extends EventEmitter {
  writableNeedDrain = false
  destroyed = false
  paused = false
  /** How often something was sent. */
  writes = 0
  /** Bytes that are for whoever has the socket after a change of protocols. */
  readonly pushed: Buffer[] = []
  readonly connectEvent = 'connect'
  #onread: OnReadOpts | null = null

  /** What a connection takes for its socket: it uses no more of it than is here. */
  readonly open = (onread?: OnReadOpts): Socket => {
    this.#onread = onread ?? null
    return this as unknown as Socket
  }

  /** Bytes have come. Their memory is somebody else's right after they have been handed on. */
  deliver(packet: Buffer): void {
    const { buffer, callback } = this.#onread as { buffer(): Uint8Array } & OnReadOpts
    for (let at = 0; at < packet.length && !this.destroyed; ) {
      const memory = buffer()
      const count = packet.copy(memory, 0, at)
      callback(count, memory)
      memory.fill(SCRIBBLE, 0, count)
      at += count
    }
  }

  write(): boolean {
    this.writes++
    return true
  }

  push(bytes: Buffer): boolean {
    this.pushed.push(bytes)
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
