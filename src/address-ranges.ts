import { BlockList, isIP, isIPv6 } from 'node:net'
import { InputError } from './errors.ts'

/** A set of IP addresses. */
export interface AddressRanges {
  /** False for anything that is no address. */
  has(address: string): boolean
}

/**
 * @param field what to call the list in an error
 * @param ranges addresses and CIDR ranges such as `10.0.0.0/8` or `fd00::/8`
 * @param allowed what the error says is allowed
 * @throws InputError for anything else
 */
export function createAddressRanges(
  field: string,
  ranges: readonly string[],
  allowed = 'an IP address or a CIDR range such as 10.0.0.0/8'
): AddressRanges {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix, ...more] = String(range).split('/')
    const version = isIP(address)
    const longest = version === 6 ? 128 : 32
    const bits = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
    if (version === 0 || more.length > 0 || !(bits <= longest)) throw new InputError(field, range, allowed)
    list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4')
  }
  return {
    has(address) {
      const version = isIP(address)
      return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4')
    }
  }
}

/** A dual-stack listener shows IPv4 peers as ::ffff:192.0.2.1. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

/** What one host usually has: an IPv4 address, or a /64 of IPv6 (RFC 6177). */
export function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::')) return address
  const [head = ''] = address.split('::')
  return head.split(':').slice(0, 4).join(':')
}
