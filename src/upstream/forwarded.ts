import { BlockList, isIP, type Socket } from 'node:net'
import { InputError } from '../errors.ts'
import { isUnixPeer } from '../unix-peer.ts'

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

/**
 * @param trustProxy addresses and CIDR ranges, and `unix` for whoever connects to a unix socket
 * @throws InputError for anything else
 */
export function createTrust(trustProxy: readonly string[]): Trust {
  const ranges = trustedRanges(trustProxy.filter((one) => one !== 'unix'))
  const trustsUnix = trustProxy.includes('unix')
  return (socket) => {
    const address = plainAddress(socket.remoteAddress ?? '')
    if (address === '') return trustsUnix && isUnixPeer(socket)
    return ranges.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
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
  return (socket: Socket & { [kPeer]?: Peer; encrypted?: boolean }) => {
    let peer = socket[kPeer]
    if (peer === undefined) {
      const trusted = trusts(socket)
      peer = {
        address: plainAddress(socket.remoteAddress ?? ''),
        trusted,
        trustedOrigin: trusted && trustForwarded === 'all',
        proto: socket.encrypted === true ? 'https' : 'http'
      }
      socket[kPeer] = peer
    }
    return peer
  }
}

function trustedRanges(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const version = isIP(address)
    const longest = version === 6 ? 128 : 32
    const bits = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
    if (version === 0 || !(bits <= longest))
      throw new InputError('trustProxy', range, 'an IP address, a CIDR range such as 10.0.0.0/8, or unix')
    list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

// A dual-stack listener shows IPv4 peers as ::ffff:192.0.2.1.
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
