/** Accepts connections at one address and finds out what is spoken on them. */
import { createServer, type Server, type Socket } from 'node:net'
import { plainAddress } from '../address-ranges.ts'
import { markUnixPeer } from '../unix-peer.ts'
import { bind, boundTarget, type ListenTarget } from './bind.ts'
import type { CertificateStore } from './certificate-store.ts'
import type { ConnectionLimit } from './connection-limit.ts'
import { overrideRemoteAddress, readProxyHeader, sniffHttp2 } from './first-bytes.ts'
import { createHttp1, type ServeOptions, type Speaker, startTimeouts } from './http1.ts'
import { createHttp2 } from './http2.ts'
import { HEAD_TIMEOUT_MS } from './limits.ts'
import type { ProxySource } from './proxy-header.ts'
import { createTlsFront } from './tls.ts'

export type { ListenTarget } from './bind.ts'

export interface ListenerOptions extends ServeOptions {
  /** Needed where the target says `tls`. */
  certificates?: CertificateStore
  /** HTTP/2 over TLS, for clients that ask for it. Default: true. */
  http2?: boolean
  /** HTTP/2 without TLS, for clients that begin with it (RFC 9113 section 3.3). Default: HTTP/1 only. */
  h2c?: boolean
  /** Whose connections begin with a PROXY header. Default: nobody's. */
  sendsProxyHeader?(socket: Socket): boolean
  /** Shared by all listeners of a gateway. Default: any number of connections. */
  limit?: ConnectionLimit
  /** Access rights of a unix socket. Default 0666: who may connect is decided by the folder. */
  socketMode?: number
}

/** A server that accepts connections. */
export interface Listener {
  /** Where it really listens: port 0 has become a port. */
  readonly target: ListenTarget
  /** Stops accepting, lets requests finish, and cuts what is left after `timeoutMs`. */
  close(timeoutMs: number): Promise<void>
}

const LOOK_FOR_END_EVERY_MS = 20

/** Who accepts connections, and who speaks on them. */
interface Assembly {
  acceptor: Server
  speakers: Speaker[]
  close?(): void
}

/** Connections that somebody else accepts, and what is done with them. */
export interface Adopter extends Listener {
  /** Takes a connection that came in at the target. */
  take(socket: Socket): void
}

/** @throws IntermissionError that names the address when it cannot be listened on */
export async function openListener(target: ListenTarget, options: ListenerOptions): Promise<Listener> {
  const { acceptor, close } = createService(target, options)
  await bind(acceptor, target, options.socketMode ?? 0o666)
  return {
    get target() {
      return boundTarget(acceptor, target)
    },
    close
  }
}

/** Serves connections that another process accepts at `target` and hands over. */
export function adoptListener(target: ListenTarget, options: ListenerOptions): Adopter {
  const { acceptor, close } = createService(target, options)
  acceptor.emit('listening')
  return {
    target,
    take(socket) {
      // As the acceptors here make theirs: a client that has sent all that it will still gets its answer.
      socket.allowHalfOpen = true
      acceptor.emit('connection', socket)
      socket.resume()
    },
    close
  }
}

function createService(
  target: ListenTarget,
  options: ListenerOptions
): { acceptor: Server; close: Listener['close'] } {
  const assembly = assemble(target, options)
  const { acceptor, speakers } = assembly
  const open = new Set<Socket>()
  acceptor.prependListener('connection', (socket: Socket) => {
    // A request that was put back on its connection makes it come once more.
    if (open.has(socket)) return
    if (target.kind === 'unix') markUnixPeer(socket)
    if (options.limit?.admit(socket) === false) return
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return {
    acceptor,
    async close(timeoutMs) {
      const closed = new Promise<void>((resolve) => {
        acceptor.close(() => resolve())
      })
      for (const speaker of speakers) speaker.drain()
      // Upgraded connections are no longer a server's, but still ours to end.
      const cut = setTimeout(() => {
        for (const socket of open) socket.destroy()
      }, timeoutMs)
      await closed
      while (open.size > 0) await new Promise((resolve) => setTimeout(resolve, LOOK_FOR_END_EVERY_MS))
      clearTimeout(cut)
      for (const speaker of speakers) speaker.close()
      assembly.close?.()
    }
  }
}

function assemble(target: ListenTarget, options: ListenerOptions): Assembly {
  const { certificates, http2: offersHttp2 = true, h2c = false, sendsProxyHeader } = options
  const isTls = target.kind === 'tcp' && target.tls === true
  const http1 = createHttp1(options)
  // The usual case: nothing between the connection and Node's parser.
  if (!isTls && !h2c && sendsProxyHeader === undefined) return { acceptor: http1.server, speakers: [http1] }

  startTimeouts(http1.server)
  if (isTls) {
    if (certificates === undefined) throw new TypeError('a listener with TLS needs certificates')
    const http2 = offersHttp2 ? createHttp2(options) : null
    const tls = createTlsFront(certificates, http1.take, http2?.take ?? null)
    const acceptor = sendsProxyHeader === undefined ? tls.server : acceptWithHeader(options, tls.take)
    return { acceptor, speakers: http2 === null ? [http1] : [http1, http2], close: tls.close }
  }
  const http2 = h2c ? createHttp2(options) : null
  const acceptor = acceptWithHeader(options, (socket, source) => {
    if (source !== null) overrideRemoteAddress(socket, source)
    if (http2 === null) http1.take(socket)
    else sniffHttp2(socket, HEAD_TIMEOUT_MS, (isHttp2) => (isHttp2 ? http2 : http1).take(socket))
  })
  return { acceptor, speakers: http2 === null ? [http1] : [http1, http2] }
}

function acceptWithHeader(
  { sendsProxyHeader, limit }: ListenerOptions,
  take: (socket: Socket, source: ProxySource | null) => void
): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    // Over the limit.
    if (socket.destroyed) return
    if (sendsProxyHeader?.(socket) !== true) take(socket, null)
    else
      readProxyHeader(socket, (source) => {
        if (source === null || limit?.admitFrom(socket, plainAddress(source.address)) !== false)
          take(socket, source)
      })
  })
}
