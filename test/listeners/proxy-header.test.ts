import assert from 'node:assert/strict'
import test from 'node:test'
import { crc32c } from '../../src/listeners/proxy-extensions.ts'
import { parseProxyHeader } from '../../src/listeners/proxy-header.ts'

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** A header of version 2. */
function version2(versionAndCommand: number, family: number, body: Buffer, length = body.length): Buffer {
  const fixed = Buffer.from([versionAndCommand, family, length >> 8, length & 0xff])
  return Buffer.concat([SIGNATURE, fixed, body])
}

const TCP4 = Buffer.from([203, 0, 113, 7, 192, 0, 2, 1, 0x1f, 0x90, 0x01, 0xbb])
const TCP6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.from('20010db8000000000000000000000002', 'hex'),
  Buffer.from([0x1f, 0x90, 0x01, 0xbb])
])

/** The same with a checksum of itself, or with a wrong one. */
function withChecksum(family: number, addresses: Buffer, error = 0): Buffer {
  const extension = Buffer.from([0x03, 0, 4, 0, 0, 0, 0])
  const header = version2(
    0x21,
    family,
    Buffer.concat([addresses, Buffer.from([0xea, 0, 1, 0x61]), extension])
  )
  header.writeUInt32BE((crc32c(header) ^ error) >>> 0, header.length - 4)
  return header
}

test('the checksum is the one of RFC 9260', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
})

const GOOD: Record<string, [Buffer, string | null]> = {
  'v1 over IPv4': [Buffer.from('PROXY TCP4 203.0.113.7 192.0.2.1 8080 443\r\n'), '203.0.113.7 8080'],
  'v1 over IPv6': [Buffer.from('PROXY TCP6 2001:DB8::0:1 ::1 8080 443\r\n'), '2001:db8::1 8080'],
  'v1 of an unknown family': [Buffer.from('PROXY UNKNOWN\r\n'), null],
  'v1 of an unknown family with addresses': [Buffer.from('PROXY UNKNOWN ffff::1 ::1 1 2\r\n'), null],
  'v2 over IPv4': [version2(0x21, 0x11, TCP4), '203.0.113.7 8080'],
  'v2 over IPv6': [version2(0x21, 0x21, TCP6), '2001:db8::1 8080'],
  'v2 with extensions': [
    version2(0x21, 0x11, Buffer.concat([TCP4, Buffer.from([0xea, 0, 1, 0x61])])),
    '203.0.113.7 8080'
  ],
  'v2 over IPv4 with a checksum': [withChecksum(0x11, TCP4), '203.0.113.7 8080'],
  'v2 over IPv6 with a checksum': [withChecksum(0x21, TCP6), '2001:db8::1 8080'],
  'v2 of a connection of its own': [version2(0x20, 0x11, TCP4), null],
  'v2 of no family': [version2(0x21, 0x00, Buffer.alloc(0)), null],
  'v2 from a unix socket': [version2(0x21, 0x31, Buffer.alloc(216)), null]
}

for (const [name, [bytes, expected]] of Object.entries(GOOD)) {
  test(`reads ${name}, in any number of pieces`, () => {
    const whole = parseProxyHeader(Buffer.concat([bytes, Buffer.from('GET / HTTP/1.1')]))
    assert.ok(typeof whole === 'object')
    assert.equal(whole.length, bytes.length)
    assert.equal(whole.source && `${whole.source.address} ${whole.source.port}`, expected)
    for (let end = 0; end < bytes.length; end++)
      assert.equal(parseProxyHeader(bytes.subarray(0, end)), 'more', `${end} bytes`)
  })
}

const line = (text: string): Buffer => Buffer.from(`${text}\r\n`, 'latin1')
const BAD: Record<string, Buffer> = {
  'a wrong checksum': withChecksum(0x11, TCP4, 1),
  'a checksum of another length': version2(0x21, 0x11, Buffer.concat([TCP4, Buffer.from([0x03, 0, 1, 0])])),
  'an extension longer than the header': version2(
    0x21,
    0x11,
    Buffer.concat([TCP4, Buffer.from([0xea, 0, 9, 0])])
  ),
  'a plain request': Buffer.from('GET / HTTP/1.1\r\n\r\n'),
  'a TLS hello': Buffer.from([0x16, 0x03, 0x01]),
  'lower case': line('proxy TCP4 203.0.113.7 192.0.2.1 8080 443'),
  'an unknown family': line('PROXY UDP4 203.0.113.7 192.0.2.1 8080 443'),
  'a family that begins like the unknown one': line('PROXY UNKNOWNS'),
  'an address of another family': line('PROXY TCP6 203.0.113.7 192.0.2.1 8080 443'),
  'a name for an address': line('PROXY TCP4 localhost 192.0.2.1 8080 443'),
  'an address in octal': line('PROXY TCP4 0203.0.113.7 192.0.2.1 8080 443'),
  'an address with a zone': line('PROXY TCP6 fe80::1%eth0 ::1 8080 443'),
  'a port that is too large': line('PROXY TCP4 203.0.113.7 192.0.2.1 65536 443'),
  'a port with a leading zero': line('PROXY TCP4 203.0.113.7 192.0.2.1 080 443'),
  'a negative port': line('PROXY TCP4 203.0.113.7 192.0.2.1 -1 443'),
  'two spaces': line('PROXY TCP4  203.0.113.7 192.0.2.1 8080 443'),
  'a space at the end': line('PROXY TCP4 203.0.113.7 192.0.2.1 8080 443 '),
  'no ports': line('PROXY TCP4 203.0.113.7 192.0.2.1'),
  'a bare line feed': Buffer.from(`PROXY TCP4 203.0.113.7 192.0.2.1 8080 443\n${'x'.repeat(100)}`),
  'a line without an end': Buffer.from(`PROXY UNKNOWN ${'x'.repeat(200)}`),
  'another version': version2(0x31, 0x11, TCP4),
  'an unknown command': version2(0x22, 0x11, TCP4),
  datagrams: version2(0x21, 0x12, TCP4),
  'addresses that are cut off': version2(0x21, 0x11, TCP4.subarray(0, 11)),
  'IPv6 addresses that are cut off': version2(0x21, 0x21, TCP6.subarray(0, 35)),
  'more extensions than anybody sends': version2(0x21, 0x11, TCP4, 5000)
}

for (const [name, bytes] of Object.entries(BAD)) {
  test(`refuses ${name}`, () => {
    assert.equal(parseProxyHeader(bytes), 'invalid')
  })
}
