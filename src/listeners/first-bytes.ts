/** Looks at the first bytes of a connection before anybody takes it over. */
import type { Socket } from 'node:net'
import { PROXY_HEADER_TIMEOUT_MS } from './limits.ts'
import { type ProxySource, parseProxyHeader } from './proxy-header.ts'

const NOTHING = Buffer.alloc(0)

/** What the bytes so far mean: more are needed, the connection ends, or this many of them are used up. */
type Verdict = 'more' | 'invalid' | number

/**
 * Reads until `judge` has seen enough, and gives back what it has not used up.
 *
 * @param done the connection may be taken over; called at most once
 */
export function readFirstBytes(
  socket: Socket,
  timeoutMs: number,
  judge: (bytes: Buffer) => Verdict,
  done: () => void
): void {
  let seen: Buffer = NOTHING
  const giveUp = (): void => {
    socket.destroy()
  }
  const timer = setTimeout(giveUp, timeoutMs)
  const onReadable = (): void => {
    for (let chunk = read(socket); chunk !== null; chunk = read(socket)) {
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    }
    const verdict = judge(seen)
    if (verdict === 'more') return
    if (verdict === 'invalid') {
      socket.destroy()
      return
    }
    stop()
    if (seen.length > verdict) socket.unshift(seen.subarray(verdict))
    done()
  }
  const stop = (): void => {
    clearTimeout(timer)
    socket.off('readable', onReadable).off('end', giveUp).off('error', giveUp).off('close', stop)
  }
  socket.on('readable', onReadable).on('end', giveUp).on('error', giveUp).on('close', stop)
}

function read(socket: Socket): Buffer | null {
  return socket.read() as Buffer | null
}

/**
 * Takes a PROXY header off a connection.
 *
 * @param done gets the address that it names; not called for a bad or a late header, which ends the connection
 */
export function readProxyHeader(socket: Socket, done: (source: ProxySource | null) => void): void {
  let source: ProxySource | null = null
  const judge = (bytes: Buffer): Verdict => {
    const header = parseProxyHeader(bytes)
    if (typeof header === 'string') return header
    source = header.source
    return header.length
  }
  readFirstBytes(socket, PROXY_HEADER_TIMEOUT_MS, judge, () => done(source))
}

/** From now on the connection says that it comes from there. */
export function overrideRemoteAddress(socket: Socket, { address, port }: ProxySource): void {
  const value = (of: string | number): PropertyDescriptor => ({ value: of, configurable: true })
  Object.defineProperties(socket, {
    remoteAddress: value(address),
    remotePort: value(port),
    remoteFamily: value(address.includes(':') ? 'IPv6' : 'IPv4')
  })
}

/** How a client begins that speaks HTTP/2 without having been asked (RFC 9113 section 3.4). */
const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** @param done is told whether it speaks HTTP/2; nothing is used up */
export function sniffHttp2(socket: Socket, timeoutMs: number, done: (isHttp2: boolean) => void): void {
  let isHttp2 = false
  const judge = (bytes: Buffer): Verdict => {
    const length = Math.min(bytes.length, HTTP2_PREFACE.length)
    isHttp2 = bytes.compare(HTTP2_PREFACE, 0, length, 0, length) === 0
    return isHttp2 && length < HTTP2_PREFACE.length ? 'more' : 0
  }
  readFirstBytes(socket, timeoutMs, judge, () => done(isHttp2))
}
