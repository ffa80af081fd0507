/** A client that sends exactly the bytes it is given, for what no HTTP client would send. */
import { connect, type Socket } from 'node:net'
import type { Cleanup } from './temp-dir.ts'

export interface RawClient {
  readonly socket: Socket
  /** All that has arrived, in latin1. */
  readonly received: string
  /** True once the other side has ended or reset the connection. */
  readonly closed: boolean
  send(bytes: string | Buffer): void
  /** Waits until what has arrived matches; fails after `withinMs`. */
  waitFor(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>
  /** Waits for the end of the connection and says how it came. */
  ended(withinMs?: number): Promise<'end' | 'reset'>
}

/**
 * Connects to a TCP port of this machine or to a unix socket.
 *
 * @param from address of this machine, such as 127.0.0.2, that the other side shall see
 */
export async function rawClient(t: Cleanup, where: number | string, from?: string): Promise<RawClient> {
  const socket =
    typeof where === 'number'
      ? connect({ port: where, host: '127.0.0.1', ...(from && { localAddress: from }) })
      : connect(where)
  let received = ''
  let end: 'end' | 'reset' | null = null
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    received += text
  })
  socket.on('end', () => {
    end ??= 'end'
  })
  socket.on('error', () => {
    end = 'reset'
  })
  socket.on('close', () => {
    end ??= 'reset'
  })
  t.after(() => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve())
    socket.once('error', reject)
  })
  return {
    socket,
    get received() {
      return received
    },
    get closed() {
      return end !== null
    },
    send: (bytes) => {
      socket.write(bytes, 'latin1')
    },
    async waitFor(pattern, withinMs = 5000) {
      const until = performance.now() + withinMs
      for (;;) {
        const match = pattern.exec(received)
        if (match) return match
        if (performance.now() > until)
          throw new Error(`waited for ${pattern}, got ${JSON.stringify(received.slice(-2000))}`)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
    },
    async ended(withinMs = 5000) {
      const until = performance.now() + withinMs
      while (end === null) {
        if (performance.now() > until)
          throw new Error(`the connection stayed open after ${JSON.stringify(received.slice(-500))}`)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      return end
    }
  }
}

/** Sends one request and gives back everything that arrives until the answer's connection is closed. */
export async function rawExchange(t: Cleanup, where: number | string, bytes: string): Promise<string> {
  const client = await rawClient(t, where)
  client.send(bytes)
  await client.ended()
  return client.received
}
