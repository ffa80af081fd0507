import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'
import { resolve } from 'node:path'
import { InputError } from '../errors.ts'

/**
 * Where a listener waits, or where a client finds it: a TCP address (port 0 = any free one) or a unix socket. `tls` is
 * there when somebody has said whether TLS is spoken.
 */
export type ListenAddress =
  | { kind: 'tcp'; host: string; port: number; tls?: boolean }
  | { kind: 'unix'; path: string }

export const ADDRESS_ALLOWED = 'host:port, [v6]:port or unix:/path'

// sun_path of Linux's sockaddr_un holds 108 bytes with the closing NUL.
const LONGEST_SOCKET_PATH_BYTES = 107
const HOST_PORT = /^(?:\[([^[\]]+)\]|([^:[\]/?#@\s]+)):(\d{1,5})$/
const HOST_NAME = /^[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?$/i

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/**
 * Reads `host:port`, `[v6]:port`, `unix:/path`, and the forms that {@link formatAddress} prints, so that a line of our
 * own output can be pasted back.
 *
 * @param field what to call the value in the error
 * @param baseDir where the relative path of a socket starts
 * @throws InputError for anything else; `:8080` and `8080` are refused because the interface would be a guess
 */
export function parseAddress(text: string, field: string, baseDir: string): ListenAddress {
  const address = text.startsWith('unix:') ? unixAddress(text.slice(5), baseDir) : tcpAddress(text)
  if (!address) throw new InputError(field, text, ADDRESS_ALLOWED)
  return address
}

/** Writes an address as people paste it: `http://127.0.0.1:8080`, `https://[::1]:443`, `unix:/path`. */
export function formatAddress(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  return `${address.tls === true ? 'https' : 'http'}://${hostAndPort(address)}`
}

/** Writes an address as the configuration spells it: `127.0.0.1:8080`, `[::1]:80`, `unix:/path`. */
export function addressText(address: ListenAddress): string {
  return address.kind === 'unix' ? `unix:${address.path}` : hostAndPort(address)
}

/** Whether only this machine can reach the address. A name other than `localhost` is taken as reachable by others. */
export function isLoopback(address: ListenAddress): boolean {
  if (address.kind === 'unix') return true
  const family = isIP(address.host)
  if (family === 0) return address.host.toLowerCase() === 'localhost'
  return loopback.check(address.host, family === 6 ? 'ipv6' : 'ipv4')
}

/** The path of a unix socket out of `/path`, `///path` or a relative one, or undefined when it cannot be one. */
export function socketPath(text: string, baseDir: string): string | undefined {
  if (text === '' || text.startsWith('~')) return undefined
  const path = text.startsWith('///') ? text.slice(2) : text.startsWith('/') ? text : resolve(baseDir, text)
  const fits = path.length > 1 && Buffer.byteLength(path) <= LONGEST_SOCKET_PATH_BYTES
  return fits && path.startsWith('/') && !path.startsWith('//') && !path.includes('\0') ? path : undefined
}

function unixAddress(text: string, baseDir: string): ListenAddress | undefined {
  const path = socketPath(text, baseDir)
  return path === undefined ? undefined : { kind: 'unix', path }
}

function tcpAddress(text: string): ListenAddress | undefined {
  const match = HOST_PORT.exec(text.replace(/^http:\/\/([^/]+)\/?$/, '$1'))
  if (!match) return undefined
  const [, v6, name, digits] = match
  const port = Number(digits)
  if (port > 65_535) return undefined
  if (v6 !== undefined) return isIPv6(v6) ? { kind: 'tcp', host: v6, port } : undefined
  return isHost(name!) ? { kind: 'tcp', host: name!, port } : undefined
}

// Digits and dots alone are an IPv4 address or a slip, never a name.
function isHost(text: string): boolean {
  return /^[\d.]+$/.test(text) ? isIPv4(text) : HOST_NAME.test(text)
}

function hostAndPort({ host, port }: { host: string; port: number }): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`
}
