import { isIP } from 'node:net'
import { join, resolve } from 'node:path'
import { DURATION_ALLOWED, parseDurationMs } from '../duration.ts'
import { InputError } from '../errors.ts'
import { isRedisUrl, parseRedisUrl } from '../redis-url.ts'
import { isToken, TOKEN_ALLOWED } from '../token-digests.ts'
import { ADDRESS_ALLOWED, addressText, formatAddress, type ListenAddress, parseAddress } from './address.ts'
import type { ReadContext } from './option.ts'
import { LOG_LEVELS, type LogLevel } from './settings.ts'

// The loader names the option, so a reader does not know it.
const FIELD = 'value'
// What setTimeout can hold; it takes anything longer for 1 ms.
const LONGEST_TIMEOUT_MS = 24 * 86_400_000

export function refuse(text: string, allowed: string): never {
  throw new InputError(FIELD, text, allowed)
}

export function readPath(text: string, { baseDir }: ReadContext): string {
  if (text === '' || text.includes('\0')) refuse(text, 'a path')
  return resolve(baseDir, text)
}

/** Reads a path into a list of paths. */
export function readPaths(text: string, context: ReadContext): string[] {
  return [readPath(text, context)]
}

export function readListen(text: string, { baseDir }: ReadContext): ListenAddress[] {
  const scheme = /^(https?):\/\//.exec(text)?.[1]
  try {
    const address = parseAddress(text.replace(/^https:/, 'http:'), FIELD, baseDir)
    return [
      scheme === undefined || address.kind === 'unix' ? address : { ...address, tls: scheme === 'https' }
    ]
  } catch {
    return refuse(text, `${ADDRESS_ALLOWED}; https:// or http:// before a host says whether with TLS`)
  }
}

/** A listener that is plain by its nature. */
export function readPlainListen(text: string, { baseDir }: ReadContext): ListenAddress[] {
  return [parseAddress(text, FIELD, baseDir)]
}

/** How an address of the `listen` option is spelled. */
export function listenText(address: ListenAddress): string {
  if (address.kind === 'unix' || address.tls === undefined) return addressText(address)
  return formatAddress(address)
}

export function readCount(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : refuse(text, 'a whole number, or 0 for no limit')
}

export function readAdmin(text: string, { baseDir }: ReadContext): ListenAddress | null {
  if (text === 'off') return null
  try {
    return parseAddress(text, FIELD, baseDir)
  } catch {
    return refuse(text, `${ADDRESS_ALLOWED}, or off`)
  }
}

export function readPrefix(text: string): string {
  const clean = /^(?:\/(?!\.{1,2}(?:\/|$))[\w.~-]+)+$/.test(text) && !/^\/\.intermission(?:\/|$)/.test(text)
  return clean
    ? text
    : refuse(
        text,
        'a path such as /-/admin: no slash at its end, letters, digits and . _ ~ - in it, outside /.intermission'
      )
}

export function readToken(text: string): string {
  return isToken(text) ? text : refuse(text, TOKEN_ALLOWED)
}

export function readStore(text: string, { baseDir, stateDir }: ReadContext): string {
  if (text === 'memory:') return text
  if (text === 'file:') return defaultStore(stateDir)
  if (isRedisUrl(text)) {
    parseRedisUrl(text, FIELD)
    return text
  }
  if (!text.startsWith('file:') || text.includes('\0'))
    refuse(text, 'memory:, file: (in the state folder), file:PATH or redis://host:6379')
  return `file:${resolve(baseDir, text.slice(5).replace(/^\/\/(?=\/)/, ''))}`
}

export function readFleet(text: string): string {
  return /^[\w.-]{1,64}$/.test(text) ? text : refuse(text, '1 to 64 letters, digits and . _ -')
}

export function defaultStore(stateDir: string): string {
  return `file:${join(stateDir, 'state.json')}`
}

/** A peer to trust: an address, a CIDR block, or whoever comes over a unix socket. */
export function readPeer(text: string): string[] {
  return text === 'unix' || isBlock(text)
    ? [text]
    : refuse(text, 'addresses and CIDR blocks such as 10.0.0.0/8, 192.0.2.7 or fd00::/8, or unix')
}

/** Whether it is an address or a CIDR block that `BlockList`, which matches against it, can take. */
export function isBlock(text: string): boolean {
  const [, address = '', bits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  return isIP(address) !== 0 && Number(bits ?? 0) <= (isIP(address) === 6 ? 128 : 32)
}

/** @param leastMs 0 where no time at all makes sense, else 1 */
export function readTimeout(text: string, leastMs: number): number {
  const allowed = `${DURATION_ALLOWED}, ${leastMs > 0 ? 'longer than 0 and ' : ''}at most 24d`
  try {
    const ms = parseDurationMs(text, FIELD)
    if (ms >= leastMs && ms <= LONGEST_TIMEOUT_MS) return ms
  } catch {
    // Told below, with the bounds that hold here.
  }
  return refuse(text, allowed)
}

export function readLogLevel(text: string): LogLevel {
  return LOG_LEVELS.find((level) => level === text) ?? refuse(text, `one of ${LOG_LEVELS.join(', ')}`)
}

export function readHost(text: string): string[] {
  const isHost = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.test(text)
  return isHost ? [text.toLowerCase()] : refuse(text, 'a Host such as admin.example:8081')
}

export function readSwitch(text: string): boolean {
  if (['on', 'true', '1'].includes(text)) return true
  return ['off', 'false', '0'].includes(text) ? false : refuse(text, 'on or off')
}

export function readAccessLog(text: string): 'json' | 'combined' | null {
  if (text === 'json' || text === 'combined') return text
  try {
    return readSwitch(text) ? 'json' : null
  } catch {
    return refuse(text, 'on, off, json or combined')
  }
}

const SIZE_UNITS: Record<string, number> = { '': 1, k: 1024, m: 1_048_576 }

/** Reads a size as nginx spells it: `1024`, `32k`, `1m`. */
export function readSize(text: string, least: number, most: number): number {
  const [, count = '', unit = ''] = /^(\d{1,9})([km]?)$/i.exec(text) ?? []
  const bytes = Number(count || Number.NaN) * SIZE_UNITS[unit.toLowerCase()]!
  return bytes >= least && bytes <= most
    ? bytes
    : refuse(text, `a size such as 32k, from ${sizeText(least)} to ${sizeText(most)}`)
}

export function sizeText(bytes: number): string {
  if (bytes % SIZE_UNITS.m! === 0) return `${bytes / SIZE_UNITS.m!}m`
  return bytes % SIZE_UNITS.k! === 0 ? `${bytes / SIZE_UNITS.k!}k` : String(bytes)
}
