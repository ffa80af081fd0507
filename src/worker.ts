/** A worker: serves requests on connections that the primary accepts, in the modes that the primary tells. */
import type { Socket } from 'node:net'
import type { Settings } from './config/settings.ts'
import { createLocalFleet } from './fleet/local-fleet.ts'
import { holdOpen } from './fleet/mark.ts'
import { createGateway, type Gateway } from './gateway.ts'
import { type Adopter, adoptListener, type ListenTarget } from './listeners/listener.ts'
import { createLogStream } from './log.ts'
import type { Sample } from './metrics/samples.ts'
import {
  limitSamples,
  type OpenListener,
  openCertificates,
  openLimit,
  openPublicListeners
} from './public-listeners.ts'
import { siteFacts } from './site-facts.ts'
import type { Barrier, WaitQuery } from './state/barrier.ts'
import { type Control, openControl } from './state/control.ts'
import type { Change } from './state/history.ts'
import { createListeners } from './state/listeners.ts'
import type { SharedState } from './state/shared-state.ts'
import type { StateStore } from './state/store.ts'
import { type Channel, createChannel } from './worker-channel.ts'

/** What a worker is told at its start. */
export interface WorkerStart {
  settings: Settings
  /** Where the primary listens: the targets of `listen`, then those of `redirectListen`. */
  targets: ListenTarget[]
  /** A socket to hold open, as a sign of life; null for none. */
  markPath: string | null
  /** Whether requests may pass only while the primary says so. */
  fences: boolean
}

/** A change that a worker asks the primary to store. */
export interface WriteCall {
  next: SharedState
  expectedRevision: number
  change: Change
}

const REPORT_EVERY_MS = 250
/** Longer than the primary's pause between two of its permissions. */
const PERMISSION_MS = 500

/** Serves until the primary says stop, or is gone. */
export async function runWorker(): Promise<number> {
  const output = createLogStream(process.stdout)
  const news = createListeners<SharedState>(() => {})
  const adopters: Adopter[] = []
  let gateway: Gateway | undefined
  let control: Control | undefined
  let local: Barrier | undefined
  let samples = (): Sample[] => []
  let permittedUntilMs = 0
  let begin!: (start: WorkerStart) => void
  let stop!: (timeoutMs: number) => void
  const started = new Promise<WorkerStart>((resolve) => {
    begin = resolve
  })
  const stopped = new Promise<number>((resolve) => {
    stop = resolve
  })
  // Ctrl-C reaches the whole group; who stops when is for the primary to say.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  let isDone = false
  process.on('disconnect', () => process.exit(isDone ? 0 : 1))

  const channel = createChannel(process, {
    start: (start: WorkerStart) => begin(start),
    state: (state: SharedState) => news.tell(state),
    connection: (at: number, socket: Socket | undefined) => {
      if (socket !== undefined) adopters[at]?.take(socket)
    },
    wait: (query: WaitQuery) => local?.wait(query),
    samples: () => samples(),
    abort() {
      for (const name of control?.siteNames ?? []) {
        const inFlight = control?.site(name).inFlight
        inFlight?.abort(inFlight.close())
      }
    },
    permit: () => {
      permittedUntilMs = performance.now() + PERMISSION_MS
    },
    stop: (timeoutMs: number) => stop(timeoutMs)
  })
  channel.tell('online', null)
  const { settings, targets, markPath, fences } = await started
  const release = markPath === null ? null : await holdOpen(`${markPath}.${process.pid}`).catch(() => null)
  const certificates = openCertificates(settings, () => {})
  const store = createRemoteStore(channel, news)
  const onError = (err: unknown, doing: string): void => gateway?.log.error({ err }, `${doing} failed`)
  control = await openControl({
    store,
    sites: settings.sites.map(({ name }) => name),
    onError,
    isHealthy: async (site) => gateway?.isHealthy(site) ?? false,
    isTrusted: fences ? () => performance.now() < permittedUntilMs : () => true,
    barrier(given) {
      local = given
      return given
    }
  })
  gateway = await createGateway(settings, {
    control,
    fleet: createLocalFleet(store, 'memory', ''),
    adminToken: null,
    output
  })
  const listeners: OpenListener[] = []
  const limit = openLimit(settings, (which) => gateway?.log.warn({ limit: which }, 'connection refused'))
  await openPublicListeners(gateway, settings, certificates, limit, listeners, async (_wanted, options) => {
    const adopter = adoptListener(targets[adopters.length]!, options)
    adopters.push(adopter)
    return adopter
  })
  const serving = { gateway, control }
  samples = () => [...serving.gateway.samples(), ...limitSamples(limit)]
  const report = (): void => channel.tell('report', siteFacts(serving.gateway, serving.control))
  report()
  const reporting = setInterval(report, REPORT_EVERY_MS)
  channel.tell('ready', null)

  const drainTimeoutMs = await stopped
  for (const { gate } of gateway.sites.values()) gate.giveUp()
  await Promise.all(listeners.map((listener) => listener.close(drainTimeoutMs)))
  clearInterval(reporting)
  await gateway.close()
  await control.close()
  channel.tell('counted', samples())
  await release?.()
  isDone = true
  process.disconnect()
  return 0
}

/** The primary's store, from here. */
function createRemoteStore(
  channel: Channel,
  news: ReturnType<typeof createListeners<SharedState>>
): StateStore {
  return {
    read: async () => (await channel.call<SharedState | null>('read', null)) ?? undefined,
    write: (next, expectedRevision, change) => channel.call('write', { next, expectedRevision, change }),
    history: () => channel.call('history', null),
    subscribe: news.add,
    async close() {
      news.clear()
    }
  }
}
