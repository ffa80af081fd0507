/** A TCP relay between a gateway and Redis, which fails as networks do. */
import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Cleanup } from './temp-dir.ts'

/**
 * - `pass`: as if it were not there;
 * - `refuse`: connections end, and new ones end at once;
 * - `drop`: what is sent vanishes, while connections stay open, as behind a cut cable;
 * - `half-close`: the side of Redis has ended, what is sent there is taken and never answered;
 * - a number: everything comes so many milliseconds later.
 */
export type RelayMode = 'pass' | 'refuse' | 'drop' | 'half-close' | number

export interface Relay {
  readonly port: number
  /** How many connections it carries. */
  readonly connections: number
  set(mode: RelayMode): void
}

/** @param targetPort asked for each connection, so that it may change */
export async function startRelay(t: Cleanup, targetPort: () => number): Promise<Relay> {
  let mode: RelayMode = 'pass'
  const pairs = new Set<[client: Socket, target: Socket]>()
  const server: Server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    if (mode === 'refuse') return void client.destroy()
    const target = connect({ port: targetPort(), host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    const pair: [Socket, Socket] = [client, target]
    pairs.add(pair)
    carry(client, target)
    carry(target, client)
    for (const socket of pair) {
      socket.on('error', () => {})
      socket.once('close', () => {
        pairs.delete(pair)
        for (const each of pair) each.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const pair of pairs) for (const socket of pair) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return {
    port: (server.address() as { port: number }).port,
    get connections() {
      return pairs.size
    },
    set(next) {
      mode = next
      for (const [client] of pairs) {
        if (mode === 'refuse') client.destroy()
        else if (mode === 'half-close') client.end()
        else if (mode === 'pass' && client.writableEnded) client.destroy()
      }
    }
  }

  function carry(from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      if (mode === 'drop' || mode === 'half-close') return
      if (typeof mode === 'number') setTimeout(() => to.writable && to.write(bytes), mode)
      else if (to.writable) to.write(bytes)
    })
    from.on('end', () => to.end())
  }
}
