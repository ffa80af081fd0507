/** A TCP relay between a gateway and Redis, which fails as networks do. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Cleanup } from './temp-dir.ts'

/**
 * - `pass`: as if it were not there;
 * - `refuse`: connections end, and new ones end at once;
 * - `drop`: what is sent vanishes, while connections stay open, as behind a cut cable. When it is over, those that have
 *   lost something end: what comes through a connection has no gaps;
 * - `stall`: what is sent comes when it is over, however late;
 * - `half-close`: the side of Redis has ended, what is sent there is taken and never answered;
 * - a number: everything comes so many milliseconds later, in its order.
 */
export type RelayMode = 'pass' | 'refuse' | 'drop' | 'stall' | 'half-close' | number

export interface Relay {
  readonly port: number
  /** How many connections it carries. */
  readonly connections: number
  set(mode: RelayMode): void
}

interface Pair {
  client: Socket
  target: Socket
  /** What waits for the end of a stall: it comes even when the sender has given up meanwhile. */
  stalled: { to: Socket; bytes: Buffer }[]
  hasLost: boolean
}

/** @param targetPort asked for each connection, so that it may change */
export async function startRelay(t: Cleanup, targetPort: () => number): Promise<Relay> {
  let mode: RelayMode = 'pass'
  const pairs = new Set<Pair>()
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    if (mode === 'refuse') return void client.destroy()
    const target = connect({ port: targetPort(), host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const pair: Pair = { client, target, stalled: [], hasLost: false }
    pairs.add(pair)
    carry(pair, client, target)
    carry(pair, target, client)
    for (const socket of [client, target]) {
      socket.on('error', () => {})
      socket.once('close', () => {
        if (pair.stalled.length === 0) end(pair)
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const pair of pairs) end(pair)
    return new Promise((resolve) => server.close(resolve))
  })
  return {
    port: (server.address() as { port: number }).port,
    get connections() {
      return pairs.size
    },
    set(next) {
      mode = next
      for (const pair of pairs) {
        if (mode !== 'stall') deliver(pair)
        if (mode === 'refuse') pair.client.destroy()
        else if (mode === 'half-close') pair.client.end()
        else if (mode !== 'drop' && pair.hasLost) end(pair)
      }
    }
  }

  function carry(pair: Pair, from: Socket, to: Socket): void {
    let dueMs = 0
    from.on('data', (bytes) => {
      if (mode === 'drop' || mode === 'half-close') {
        pair.hasLost = true
        return
      }
      if (mode === 'stall') return void pair.stalled.push({ to, bytes })
      // Never before what was sent before it.
      const nowMs = performance.now()
      dueMs = Math.max(dueMs, typeof mode === 'number' ? nowMs + mode : 0)
      if (dueMs > nowMs) setTimeout(() => to.writable && to.write(bytes), dueMs - nowMs)
      else if (to.writable) to.write(bytes)
    })
    from.on('end', () => {
      if (pair.stalled.length === 0) to.end()
    })
  }

  function deliver(pair: Pair): void {
    const { client, stalled } = pair
    for (const { to, bytes } of stalled.splice(0)) if (to.writable) to.write(bytes)
    if (client.destroyed || client.readableEnded) pair.target.end()
  }

  function end(pair: Pair): void {
    pairs.delete(pair)
    for (const socket of [pair.client, pair.target]) socket.destroy()
  }
}
