import type { IncomingMessage } from 'node:http'
import { isIP, type Socket } from 'node:net'
import { createAddressRanges, plainAddress } from './address-ranges.ts'
import { InputError } from './errors.ts'
import { isUnixPeer } from './unix-peer.ts'

/** Who is at the other end of a client connection. */
export interface Peer {
  /** Address of the socket, IPv4 in its own form; empty for a unix socket. */
  address: string
  /** Its X-Forwarded-For is believed. */
  trusted: boolean
  /** Its X-Forwarded-Proto and X-Forwarded-Host are believed as well. */
  trustedOrigin: boolean
  /** Scheme of the connection. */
  proto: 'http' | 'https'
}

/** Tells the peer of a connection; worked out once for each connection. */
export type PeerLookup = (socket: Socket) => Peer

const kPeer = Symbol('intermission.peer')

/** Which X-Forwarded-* fields of a trusted peer are believed. */
export type TrustForwarded = 'for' | 'all'

/** Whether the other end of a connection is one of the proxies in front of us. */
export type Trust = (socket: Socket) => boolean

/** Finds the address that a request comes from; null when it cannot be known. */
export type ClientAddress = (request: IncomingMessage) => string | null

/**
 * @param trustProxy addresses and CIDR ranges, and `unix` for whoever connects to a unix socket
 * @throws InputError for anything else
 */
export function createTrust(trustProxy: readonly string[]): Trust {
  const { has, trustsUnix } = readTrust(trustProxy)
  return (socket) => {
    const address = plainAddress(socket.remoteAddress ?? '')
    return address === '' ? trustsUnix && isUnixPeer(socket) : has(address)
  }
}

/**
 * @param trustProxy as for {@link createTrust}; nobody is trusted by default
 * @throws InputError for anything that is not an address or a range
 */
export function createPeerLookup(
  trustProxy: readonly string[] = [],
  trustForwarded: TrustForwarded = 'for'
): PeerLookup {
  if (trustForwarded !== 'for' && trustForwarded !== 'all')
    throw new InputError('trustForwarded', trustForwarded, 'for or all')
  const trusts = createTrust(trustProxy)
  return (socket: Socket & { [kPeer]?: Peer }) => {
    let peer = socket[kPeer]
    if (peer === undefined) {
      const trusted = trusts(socket)
      peer = {
        address: plainAddress(socket.remoteAddress ?? ''),
        trusted,
        trustedOrigin: trusted && trustForwarded === 'all',
        proto: isEncrypted(socket) ? 'https' : 'http'
      }
      socket[kPeer] = peer
    }
    return peer
  }
}

/**
 * The peer of the connection, or, when that is one of the proxies in front of us, the right-most entry of
 * X-Forwarded-For that is none of them (nginx: `real_ip_recursive on`). What stands to the left of it is the client's
 * own claim.
 *
 * @param trustProxy as for {@link createTrust}
 */
export function createClientAddress(trustProxy: readonly string[] = []): ClientAddress {
  const { has, trustsUnix } = readTrust(trustProxy)
  return ({ socket, headers }) => {
    let address = plainAddress(socket.remoteAddress ?? '')
    if (address === '' ? !(trustsUnix && isUnixPeer(socket)) : !has(address)) return address || null
    const entries = headers['x-forwarded-for']?.toString().split(',') ?? []
    while (entries.length > 0) {
      address = withoutPort(entries.pop()!.trim())
      if (isIP(address) === 0) return null
      if (!has(address)) return address
    }
    return address || null
  }
}

/**
 * Whether a request came by HTTPS, to us or to one of the proxies in front of us that says so by X-Forwarded-Proto.
 *
 * @param trustProxy as for {@link createTrust}
 */
export function createSchemeLookup(
  trustProxy: readonly string[] = []
): (request: IncomingMessage) => boolean {
  const trusts = createTrust(trustProxy)
  return ({ socket, headers }) => {
    const forwardedProto = headers['x-forwarded-proto']?.toString().split(',')[0]?.trim().toLowerCase()
    return isEncrypted(socket) || (forwardedProto === 'https' && trusts(socket))
  }
}

/** Whether TLS ends here, at this connection. */
export function isEncrypted(socket: Socket): boolean {
  return (socket as Socket & { encrypted?: boolean }).encrypted === true
}

function readTrust(trustProxy: readonly string[]): {
  has(address: string): boolean
  trustsUnix: boolean
} {
  const ranges = trustProxy.filter((one) => one !== 'unix')
  const allowed = 'an IP address, a CIDR range such as 10.0.0.0/8, or unix'
  const { has } = createAddressRanges('trustProxy', ranges, allowed)
  return { has, trustsUnix: trustProxy.includes('unix') }
}

// Some proxies write the port as well: 192.0.2.1:4711, [2001:db8::1]:4711.
function withoutPort(entry: string): string {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(entry)?.[1] ?? /^([\d.]+):\d+$/.exec(entry)?.[1] ?? entry
  return plainAddress(bare)
}
