import type { Socket } from 'node:net'
import { networkOf, plainAddress } from '../address-ranges.ts'

export type LimitName = 'total' | 'per-address'

export interface ConnectionLimits {
  /** Connections that may be open at once; 0 = any number. */
  max: number
  /** The same for each address, of IPv6 for each /64, which one host usually has; 0 = any number. */
  maxPerAddress: number
  /** Whose connections are those of many visitors: no limit per address. Default: nobody's. */
  isShared?(socket: Socket): boolean
}

export interface ConnectionLimitOptions extends ConnectionLimits {
  /** Told of a refusal, at most once in ten seconds: under a flood there is more to do than to log. */
  onRefused?(limit: LimitName): void
}

/** Decides which connections there may be. */
export interface Admission {
  /** Counts a connection until it is closed. False when there are too many: it has been cut. */
  admit(socket: Socket): boolean
  /** Counts a connection whose visitor is known only after a PROXY header, as {@link Admission.admit}. */
  admitFrom(socket: Socket, address: string): boolean
}

/** Counts the connections of all listeners together, so that nobody can take all of them. */
export interface ConnectionLimit extends Admission {
  readonly open: number
  /** How many have been refused, ever. */
  readonly refused: Readonly<Record<LimitName, number>>
  /** Has other limits from now on; what is open stays open. */
  change(limits: ConnectionLimits): void
}

const TELL_EVERY_MS = 10_000

export function createConnectionLimit(options: ConnectionLimitOptions): ConnectionLimit {
  const { onRefused } = options
  let { max, maxPerAddress, isShared = () => false }: ConnectionLimits = options
  const perAddress = new Map<string, number>()
  const refused = { total: 0, 'per-address': 0 }
  let open = 0
  let toldMs = Number.NEGATIVE_INFINITY

  function cut(socket: Socket, limit: LimitName): false {
    refused[limit]++
    socket.destroy()
    const now = performance.now()
    if (now - toldMs >= TELL_EVERY_MS) {
      toldMs = now
      onRefused?.(limit)
    }
    return false
  }

  function admitFrom(socket: Socket, address: string): boolean {
    if (maxPerAddress === 0 || address === '') return true
    const network = networkOf(address)
    const count = perAddress.get(network) ?? 0
    if (count >= maxPerAddress) return cut(socket, 'per-address')
    perAddress.set(network, count + 1)
    socket.on('close', () => {
      const left = perAddress.get(network)! - 1
      if (left === 0) perAddress.delete(network)
      else perAddress.set(network, left)
    })
    return true
  }

  return {
    get open() {
      return open
    },
    refused,
    admit(socket) {
      if (max !== 0 && open >= max) return cut(socket, 'total')
      open++
      socket.on('close', () => open--)
      return isShared(socket) || admitFrom(socket, plainAddress(socket.remoteAddress ?? ''))
    },
    admitFrom,
    change(limits) {
      ;({ max, maxPerAddress, isShared = () => false } = limits)
    }
  }
}
