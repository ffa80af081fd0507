/** Accepts connections at one address and finds out what is spoken on them. */
import type { Socket } from 'node:net'
import { plainAddress } from '../address-ranges.ts'
import { markUnixPeer } from '../unix-peer.ts'
import { boundTarget, type ListenTarget, listenAt } from './bind.ts'
import type { CertificateStore } from './certificate-store.ts'
import type { Admission } from './connection-limit.ts'
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
  limit?: Admission
  /** Access rights of a unix socket. Default 0666: who may connect is decided by the folder. */
  socketMode?: number
}

/** Somewhere that connections come in by. */
export interface Listener {
  /** Where it really listens: port 0 has become a port. */
  readonly target: ListenTarget
  /** Serves connections like this from now on; those that are open go on as they began. */
  serve(target: ListenTarget, options: ListenerOptions): void
  /** Stops accepting, lets requests finish, and cuts what is left after `timeoutMs`; null: never. */
  close(timeoutMs: number | null): Promise<void>
}

/** Connections that somebody else accepts, and what is done with them. */
export interface Adopter extends Listener {
  /** Takes a connection that came in at the target. */
  take(socket: Socket): void
}

/** @throws IntermissionError that names the address when it cannot be listened on */
export async function openListener(target: ListenTarget, options: ListenerOptions): Promise<Listener> {
  const adopter = adoptListener(target, options)
  const acceptor = await listenAt(target, options.socketMode ?? 0o666, (socket) => {
    adopter.take(socket)
    socket.resume()
  })
  return {
    get target() {
      return boundTarget(acceptor, adopter.target)
    },
    serve: adopter.serve,
    async close(timeoutMs) {
      const closed = new Promise<void>((resolve) => acceptor.close(() => resolve()))
      await adopter.close(timeoutMs)
      await closed
    }
  }
}

/** Serves connections that another process accepts at `target` and hands over. */
export function adoptListener(firstTarget: ListenTarget, firstOptions: ListenerOptions): Adopter {
  let target = firstTarget
  let service = createService(target, firstOptions)
  const before = new Set<Service>()
  return {
    get target() {
      return target
    },
    take: (socket) => service.take(socket),
    serve(nextTarget, options) {
      const old = service
      target = nextTarget
      service = createService(target, options)
      before.add(old)
      void old.ended().then(() => before.delete(old))
    },
    async close(timeoutMs) {
      await Promise.all([service, ...before].map((one) => one.close(timeoutMs)))
    }
  }
}

/** What is done with connections. */
interface Service {
  take(socket: Socket): void
  /** Resolves once no connection is left. */
  ended(): Promise<void>
  close: Listener['close']
}

function createService(target: ListenTarget, options: ListenerOptions): Service {
  const { take, speakers, close } = assemble(target, options)
  const open = new Set<Socket>()
  const waiting: (() => void)[] = []
  let end: Promise<void> | undefined

  async function untilEnd(): Promise<void> {
    if (open.size > 0) await new Promise<void>((resolve) => waiting.push(resolve))
    for (const speaker of speakers) speaker.close()
    close?.()
  }
  const ended = (): Promise<void> => {
    end ??= untilEnd()
    return end
  }

  return {
    take(socket) {
      // As the acceptors here make theirs: a client that has sent all that it will still gets its answer.
      socket.allowHalfOpen = true
      if (target.kind === 'unix') markUnixPeer(socket)
      if (options.limit?.admit(socket) === false) return
      open.add(socket)
      socket.on('close', () => {
        open.delete(socket)
        if (open.size === 0) for (const resolve of waiting.splice(0)) resolve()
      })
      take(socket)
    },
    ended,
    async close(timeoutMs) {
      for (const speaker of speakers) speaker.drain()
      // Upgraded connections are no longer a server's, but still ours to end.
      const cut = (): void => {
        for (const socket of open) socket.destroy()
      }
      const timer = timeoutMs === null ? undefined : setTimeout(cut, timeoutMs)
      await ended()
      clearTimeout(timer)
    }
  }
}

/** Who takes connections, and who speaks on them. */
interface Assembly {
  take(socket: Socket): void
  speakers: Speaker[]
  close?(): void
}

function assemble(target: ListenTarget, options: ListenerOptions): Assembly {
  const { certificates, http2: offersHttp2 = true, h2c = false, sendsProxyHeader } = options
  const isTls = target.kind === 'tcp' && target.tls === true
  const http1 = createHttp1(options)
  startTimeouts(http1.server)
  if (isTls) {
    if (certificates === undefined) throw new TypeError('a listener with TLS needs certificates')
    const http2 = offersHttp2 ? createHttp2(options) : null
    const tls = createTlsFront(certificates, http1.take, http2?.take ?? null)
    const speakers = http2 === null ? [http1] : [http1, http2]
    return { take: afterHeader(options, tls.take), speakers, close: tls.close }
  }
  const http2 = h2c ? createHttp2(options) : null
  // The usual case: nothing between the connection and Node's parser.
  if (http2 === null && sendsProxyHeader === undefined) return { take: http1.take, speakers: [http1] }
  const take = afterHeader(options, (socket, source) => {
    if (source !== null) overrideRemoteAddress(socket, source)
    if (http2 === null) http1.take(socket)
    else sniffHttp2(socket, HEAD_TIMEOUT_MS, (isHttp2) => (isHttp2 ? http2 : http1).take(socket))
  })
  return { take, speakers: http2 === null ? [http1] : [http1, http2] }
}

function afterHeader(
  { sendsProxyHeader, limit }: ListenerOptions,
  take: (socket: Socket, source: ProxySource | null) => void
): (socket: Socket) => void {
  return (socket) => {
    if (sendsProxyHeader?.(socket) !== true) take(socket, null)
    else
      readProxyHeader(socket, (source) => {
        if (source === null || limit?.admitFrom(socket, plainAddress(source.address)) !== false)
          take(socket, source)
      })
  }
}
