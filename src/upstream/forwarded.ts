import { BlockList, isIP, type Socket } from 'node:net'
import { InputError } from '../errors.ts'

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

/**
 * @param trustProxy addresses and CIDR ranges of the proxies in front of us; nobody is trusted by default
 * @throws InputError for anything that is not an address or a range
 */
export function createPeerLookup(
  trustProxy: readonly string[] = [],
  trustForwarded: TrustForwarded = 'for'
): PeerLookup {
  if (trustForwarded !== 'for' && trustForwarded !== 'all')
    throw new InputError('trustForwarded', trustForwarded, 'for or all')
  const trusted = trustedPeers(trustProxy)
  return (socket: Socket & { [kPeer]?: Peer; encrypted?: boolean }) => {
    let peer = socket[kPeer]
    if (peer === undefined) {
      const address = plainAddress(socket.remoteAddress ?? '')
      const isTrusted = address !== '' && trusted.check(address, address.includes(':') ? 'ipv6' : 'ipv4')
      peer = {
        address,
        trusted: isTrusted,
        trustedOrigin: isTrusted && trustForwarded === 'all',
        proto: socket.encrypted === true ? 'https' : 'http'
      }
      socket[kPeer] = peer
    }
    return peer
  }
}

function trustedPeers(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const version = isIP(address)
    const longest = version === 6 ? 128 : 32
    const bits = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
    if (version === 0 || !(bits <= longest))
      throw new InputError('trustProxy', range, 'an IP address or a CIDR range such as 10.0.0.0/8')
    list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

// A dual-stack listener shows IPv4 peers as ::ffff:192.0.2.1.
function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}
