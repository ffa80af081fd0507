/** The PROXY protocol, versions 1 and 2, as a load balancer puts it in front of a connection (haproxy.org, proxy-protocol.txt). */
import { isIPv4, isIPv6, SocketAddress } from 'node:net'
import { areGoodExtensions } from './proxy-extensions.ts'

/** Who is at the far end of the load balancer. */
export interface ProxySource {
  address: string
  port: number
}

export interface ProxyHeader {
  /** Where the connection's own bytes begin. */
  length: number
  /** Null for a connection that the load balancer makes for itself, such as a health check. */
  source: ProxySource | null
}

const V1_START = Buffer.from('PROXY ')
/** The longest line of version 1, with its CR LF. */
const V1_LIMIT_BYTES = 107
const V2_START = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const V2_FIXED_BYTES = 16
/** Addresses and extensions of version 2. The field could say 65535; nobody sends a tenth of it. */
const V2_LIMIT_BYTES = 4096
const PORT = /^(?:0|[1-9]\d{0,4})$/

const FAMILY_NONE = 0x00
const FAMILY_TCP4 = 0x11
const FAMILY_TCP6 = 0x21
const FAMILY_UNIX_STREAM = 0x31
/** Both addresses and both ports. */
const TCP4_BYTES = 12
const TCP6_BYTES = 36

/**
 * @param bytes what has arrived so far
 * @returns `more` while the header is not complete, `invalid` for anything else than a header
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader | 'more' | 'invalid' {
  if (startsLike(bytes, V1_START)) return bytes.length < V1_START.length ? 'more' : parseVersion1(bytes)
  if (startsLike(bytes, V2_START)) return bytes.length < V2_FIXED_BYTES ? 'more' : parseVersion2(bytes)
  return 'invalid'
}

function startsLike(bytes: Buffer, start: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}

function parseVersion1(bytes: Buffer): ProxyHeader | 'more' | 'invalid' {
  const end = bytes.subarray(0, V1_LIMIT_BYTES).indexOf('\r\n')
  if (end === -1) return bytes.length < V1_LIMIT_BYTES ? 'more' : 'invalid'
  const length = end + 2
  const line = bytes.toString('latin1', V1_START.length, end)
  if (line === 'UNKNOWN' || line.startsWith('UNKNOWN ')) return { length, source: null }
  const [family, address = '', destination = '', port = '', destinationPort = '', ...rest] = line.split(' ')
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6Plain : null
  if (isAddress === null || rest.length > 0) return 'invalid'
  if (!isAddress(address) || !isAddress(destination)) return 'invalid'
  if (!isPort(port) || !isPort(destinationPort)) return 'invalid'
  return { length, source: { address: canonical(address), port: Number(port) } }
}

function isPort(text: string): boolean {
  return PORT.test(text) && Number(text) <= 65_535
}

function isIPv6Plain(text: string): boolean {
  return isIPv6(text) && !text.includes('%')
}

function parseVersion2(bytes: Buffer): ProxyHeader | 'more' | 'invalid' {
  const version = bytes[12]! >> 4
  const command = bytes[12]! & 0x0f
  const family = bytes[13]!
  const rest = bytes.readUInt16BE(14)
  if (version !== 2 || command > 1 || rest > V2_LIMIT_BYTES) return 'invalid'
  const length = V2_FIXED_BYTES + rest
  if (bytes.length < length) return 'more'
  // LOCAL: what it says about addresses is to be ignored.
  if (command === 0) return { length, source: null }
  const body = bytes.subarray(V2_FIXED_BYTES, length)
  switch (family) {
    case FAMILY_NONE:
    case FAMILY_UNIX_STREAM:
      return { length, source: null }
    case FAMILY_TCP4:
      if (rest < TCP4_BYTES || !areGoodExtensions(bytes.subarray(0, length), V2_FIXED_BYTES + TCP4_BYTES))
        return 'invalid'
      return { length, source: { address: body.subarray(0, 4).join('.'), port: body.readUInt16BE(8) } }
    case FAMILY_TCP6:
      if (rest < TCP6_BYTES || !areGoodExtensions(bytes.subarray(0, length), V2_FIXED_BYTES + TCP6_BYTES))
        return 'invalid'
      return { length, source: { address: canonical(groupsOf(body)), port: body.readUInt16BE(32) } }
    default:
      return 'invalid'
  }
}

function groupsOf(body: Buffer): string {
  return Array.from({ length: 8 }, (_, group) => body.readUInt16BE(group * 2).toString(16)).join(':')
}

// The one spelling in which addresses are compared and logged.
function canonical(address: string): string {
  return new SocketAddress({ address, family: isIPv4(address) ? 'ipv4' : 'ipv6' }).address
}
