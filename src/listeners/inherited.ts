/** Sockets that somebody else listens on and hands over at the start, as systemd does (sd_listen_fds(3)). */
import { createServer, isIPv6, type Server, type Socket } from 'node:net'
import { IntermissionError } from '../errors.ts'

/** The first descriptor that is handed over. */
const FIRST_FD = 3

export type OnConnection = (socket: Socket) => void

interface Waiting {
  server: Server
  sockets: Socket[]
}

let current: Map<string, Waiting> | null = null

/** Takes over this many sockets. What comes in by them waits until they are claimed. */
export async function inherit(count: number): Promise<void> {
  const found = new Map<string, Waiting>()
  for (let fd = FIRST_FD; fd < FIRST_FD + count; fd++) {
    const sockets: Socket[] = []
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true })
    server.on('connection', (socket: Socket) => sockets.push(socket))
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => {
        const text = `the inherited descriptor ${fd} is no socket that listens: ${cause.message}`
        reject(new IntermissionError('ERR_CONFIG_INVALID', text, { cause }))
      })
      server.listen({ fd }, resolve)
    })
    found.set(addressOf(server), { server, sockets })
  }
  current = found
}

/** The server that listens at an address already, with what has come in since the start; undefined when there is none. */
export function claimInherited(where: string, onConnection: OnConnection): Server | undefined {
  const waiting = current?.get(where)
  if (waiting === undefined) return undefined
  current?.delete(where)
  const { server, sockets } = waiting
  server.removeAllListeners('connection').on('connection', onConnection)
  for (const socket of sockets) onConnection(socket)
  return server
}

/** @throws IntermissionError that names sockets which nobody has claimed: what comes in by them would wait for ever */
export function refuseUnclaimed(): void {
  const left = [...(current?.keys() ?? [])]
  if (left.length === 0) return
  const text = `listen: the inherited socket at ${left.join(', ')} is none of the addresses to listen on; name it there just so`
  throw new IntermissionError('ERR_CONFIG_INVALID', text)
}

/** How an address is looked up: `127.0.0.1:8080`, `[::]:8080`, `/path`. */
export function placeName(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}

function addressOf(server: Server): string {
  const address = server.address()
  if (address === null || typeof address === 'string') return address ?? ''
  return placeName(address.address, address.port)
}
