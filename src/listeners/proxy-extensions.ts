/** The extensions (TLV) of a PROXY header of version 2 (proxy-protocol.txt section 2.2). */

const TYPE_CRC32C = 0x03
const CRC32C_BYTES = 4
const NAME_AND_LENGTH_BYTES = 3
/** Castagnoli's polynomial, as RFC 9260 appendix A has it, with its bits turned round. */
const POLYNOMIAL = 0x82f63b78

/**
 * Whether the extensions are well formed, and the checksum, where there is one, is right. All others are ignored, as the
 * specification asks.
 *
 * @param header the whole of it
 * @param from where the extensions begin
 */
export function areGoodExtensions(header: Buffer, from: number): boolean {
  let at = from
  while (at < header.length) {
    if (at + NAME_AND_LENGTH_BYTES > header.length) return false
    const length = header.readUInt16BE(at + 1)
    const value = at + NAME_AND_LENGTH_BYTES
    if (value + length > header.length) return false
    if (header[at] === TYPE_CRC32C && !isChecksum(header, value, length)) return false
    at = value + length
  }
  return true
}

// Over the whole header, with zeros where the checksum itself is.
function isChecksum(header: Buffer, at: number, length: number): boolean {
  if (length !== CRC32C_BYTES) return false
  const zeroed = Buffer.from(header)
  zeroed.fill(0, at, at + CRC32C_BYTES)
  return crc32c(zeroed) === header.readUInt32BE(at)
}

/** A header is small and comes once for each connection: no table. */
export function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
  }
  return ~crc >>> 0
}
