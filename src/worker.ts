/** A worker: serves requests on connections that the primary accepts, in the modes that the primary tells. */
import type { Socket } from 'node:net'
import type { Settings } from './config/settings.ts'
import { createLocalFleet } from './fleet/local-fleet.ts'
import { holdOpen } from './fleet/mark.ts'
import { createGateway, type Gateway } from './gateway.ts'
import { type Adopter, adoptListener, type ListenTarget } from './listeners/listener.ts'
import { createLogStream } from './log.ts'
import type { Sample } from './metrics/samples.ts'
import { limitSamples, openLimit } from './public-listeners.ts'
import { createServing, type Prepared, type Serving } from './serving.ts'
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
  /** Where the primary listens, by place. */
  targets: Readonly<Record<string, ListenTarget>>
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
  const adopters = new Map<string, Adopter>()
  let serving: Serving | undefined
  let prepared: Prepared | undefined
  let control: Control | undefined
  let local: Barrier | undefined
  let samples = (): Sample[] => []
  let permittedUntilMs = 0
  let told: WorkerStart['targets'] = {}
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
    connection: (place: string, socket: Socket | undefined) => {
      if (socket === undefined) return
      adopters.get(place)?.take(socket)
      socket.resume()
    },
    async prepare({ settings, targets }: Pick<WorkerStart, 'settings' | 'targets'>) {
      told = targets
      prepared = await serving!.prepare(settings)
    },
    commit: () => prepared?.commit(),
    abandon: () => prepared?.abandon(),
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
  told = targets
  const release = markPath === null ? null : await holdOpen(`${markPath}.${process.pid}`).catch(() => null)
  const store = createRemoteStore(channel, news)
  const log = (): Gateway['log'] | undefined => serving?.gateway?.log
  const onError = (err: unknown, doing: string): void => log()?.error({ err }, `${doing} failed`)
  control = await openControl({
    store,
    sites: settings.sites.map(({ name }) => name),
    onError,
    isHealthy: async (site) => serving?.gateway?.isHealthy(site) ?? false,
    isTrusted: fences ? () => performance.now() < permittedUntilMs : () => true,
    barrier(given) {
      local = given
      return given
    }
  })
  const shared = { control, fleet: createLocalFleet(store, 'memory', ''), adminTokens: [], output }
  const limit = openLimit(settings, (which) => log()?.warn({ limit: which }, 'connection refused'))
  serving = createServing({
    createGateway: (next, replaces) => createGateway(next, { ...shared, replaces }),
    control,
    limit,
    onError,
    async open(_wanted, options, place) {
      const adopter = adoptListener(told[place]!, options)
      adopters.set(place, adopter)
      return adopter
    }
  })
  ;(await serving.prepare(settings)).commit()
  const reported = { serving, control }
  samples = () => [...reported.serving.gateway.samples(), ...limitSamples(limit)]
  const report = (): void => channel.tell('report', siteFacts(reported.serving.gateway, reported.control))
  report()
  const reporting = setInterval(report, REPORT_EVERY_MS)
  channel.tell('ready', null)

  const drainTimeoutMs = await stopped
  await serving.closeListeners(drainTimeoutMs)
  clearInterval(reporting)
  await serving.close()
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
