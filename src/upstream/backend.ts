import { createForwarder, type Forwarder, type ForwarderOptions } from './forwarder.ts'
import { type HealthCheckOptions, startHealthChecks } from './health-check.ts'
import type { Relay } from './relay.ts'

export interface BackendOptions extends ForwarderOptions {
  /** What is asked of each upstream to see whether it is well; null = nothing. */
  healthCheck: string | null
  /** Milliseconds between two of those questions. */
  healthIntervalMs: number
  onHealth: HealthCheckOptions['onChange']
}

/** The upstreams of a site, and what is under way with them. */
export interface Backend {
  readonly forwarder: Forwarder
  /** Requests that were begun and are not over, also those of the backends whose place this one has taken. */
  readonly unsettled: number
  /** Of those, connections of another protocol. */
  readonly tunnels: number
  begin(): void
  onTunnel(relay: Relay): void
  end(relay: Relay): void
  /** Takes the place of the one that it replaces. */
  takeOver(): void
  /** Resolves when nothing is left that was begun here. */
  finished(): Promise<void>
  /** Begins the closing handshake of the WebSockets that were begun here, and of those whose handshake is under way. */
  closeWebSockets(): void
  /** Ends all connections of another protocol that were begun here: WebSockets by their closing handshake. */
  closeTunnels(): void
  close(): void
}

interface Traffic {
  unsettled: number
  tunnels: number
}

const trafficOf = new WeakMap<Backend, Traffic>()
const stopChecksOf = new WeakMap<Backend, () => void>()

/** @param replaces one whose place it will take; until then it only looks on */
export function createBackend(options: BackendOptions, replaces?: Backend): Backend {
  let before = replaces
  const { healthCheck, healthIntervalMs, onHealth } = options
  const forwarder = createForwarder({ ...options, replaces: before?.forwarder })
  const traffic = (before && trafficOf.get(before)) ?? { unsettled: 0, tunnels: 0 }
  const tunnels = new Set<Relay>()
  const waiting: (() => void)[] = []
  let own = 0
  let saysGoodbye = false

  function startChecks(): void {
    if (healthCheck === null) {
      for (const upstream of forwarder.upstreams) upstream.isHealthy = true
      return
    }
    const { upstreams } = forwarder
    const stop = startHealthChecks({
      upstreams,
      check: healthCheck,
      everyMs: healthIntervalMs,
      onChange: onHealth
    })
    stopChecksOf.set(backend, stop)
  }

  const backend: Backend = {
    forwarder,
    get unsettled() {
      return traffic.unsettled
    },
    get tunnels() {
      return traffic.tunnels
    },
    begin() {
      own++
      traffic.unsettled++
    },
    onTunnel(relay) {
      tunnels.add(relay)
      traffic.tunnels++
      if (saysGoodbye && relay.tunnel?.isWebSocket) relay.close()
    },
    end(relay) {
      own--
      traffic.unsettled--
      if (relay.isUpgraded && tunnels.delete(relay)) traffic.tunnels--
      if (own === 0) for (const resolve of waiting.splice(0)) resolve()
    },
    takeOver() {
      if (before !== undefined) stopChecksOf.get(before)?.()
      forwarder.takeOver()
      startChecks()
      before = undefined
    },
    finished: () => new Promise((resolve) => (own === 0 ? resolve() : void waiting.push(resolve))),
    closeWebSockets() {
      saysGoodbye = true
      for (const { tunnel } of tunnels) if (tunnel?.isWebSocket) tunnel.close()
    },
    closeTunnels() {
      for (const relay of tunnels) relay.close()
    },
    close() {
      stopChecksOf.get(backend)?.()
      forwarder.close()
    }
  }
  trafficOf.set(backend, traffic)
  if (before === undefined) startChecks()
  return backend
}
