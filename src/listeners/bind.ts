import { chmodSync, existsSync, lstatSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { dirname } from 'node:path'
import { IntermissionError } from '../errors.ts'
import { claimInherited, type OnConnection, placeName } from './inherited.ts'

/** Where to listen: a TCP address (port 0 = any free one), with TLS or without, or a unix socket. */
export type ListenTarget =
  | { kind: 'tcp'; host: string; port: number; tls?: boolean }
  | { kind: 'unix'; path: string }

/** More than Node's default: after a pause of ours, many clients come at once. */
const BACKLOG = 1024

/**
 * Listens, with a socket that was handed over for this address where there is one. Connections come paused.
 *
 * @throws IntermissionError that names the address when it cannot be listened on
 */
export async function listenAt(
  target: ListenTarget,
  socketMode: number,
  onConnection: OnConnection
): Promise<Server> {
  const inherited = claimInherited(
    target.kind === 'unix' ? target.path : placeName(target.host, target.port),
    onConnection
  )
  if (inherited !== undefined) return inherited
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, onConnection)
  await bind(server, target, socketMode)
  return server
}

async function bind(server: Server, target: ListenTarget, socketMode: number): Promise<void> {
  const where = target.kind === 'unix' ? target.path : `${target.host}:${target.port}`
  if (target.kind === 'unix') await removeStaleSocket(target.path)
  await new Promise<void>((resolve, reject) => {
    const onError = (cause: NodeJS.ErrnoException): void => {
      const text = `cannot listen on ${where}: ${explain(cause, target)}`
      reject(new IntermissionError('ERR_CONFIG_INVALID', text, { cause }))
    }
    const onListening = (): void => {
      server.off('error', onError)
      resolve()
    }
    server.once('error', onError)
    if (target.kind === 'unix') server.listen({ path: target.path, backlog: BACKLOG }, onListening)
    else server.listen({ host: target.host, port: target.port, backlog: BACKLOG }, onListening)
  })
  if (target.kind === 'unix') chmodSync(target.path, socketMode)
}

/** Where a server that was told to listen on `target` really listens: port 0 has become a port. */
export function boundTarget(server: Server, target: ListenTarget): ListenTarget {
  const address = server.address()
  return target.kind === 'tcp' && address !== null && typeof address === 'object'
    ? { ...target, port: address.port }
    : target
}

function explain(error: NodeJS.ErrnoException, target: ListenTarget): string {
  // Of a folder that is not there libuv says EACCES as well.
  if (target.kind === 'unix' && !existsSync(dirname(target.path))) return 'its folder is not there'
  if (error.code === 'EADDRINUSE') return 'something else listens there'
  if (error.code === 'EACCES') return 'no permission'
  if (error.code === 'EADDRNOTAVAIL') return 'this machine has no such address'
  return error.message
}

// A process that was killed leaves its socket file behind, and nobody could listen there again. Only a refusal says so:
// one that is busy (EAGAIN) or somebody else's (EACCES) is in use.
async function removeStaleSocket(path: string): Promise<void> {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return
  if (!stats.isSocket())
    throw new IntermissionError(
      'ERR_CONFIG_INVALID',
      `cannot listen on ${path}: it is a file that is no socket`
    )
  const isStale = await new Promise<boolean>((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => resolve(false))
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'))
    probe.once('connect', () => probe.destroy())
  })
  if (isStale) rmSync(path, { force: true })
}
