/** The primary's side of several worker processes: accepts connections, hands them over, and keeps the workers alive. */
import cluster from 'node:cluster'
import type { SiteFacts } from './admin/status.ts'
import type { Settings } from './config/settings.ts'
import { IntermissionError } from './errors.ts'
import type { Fleet } from './fleet/fleet.ts'
import type { Sample } from './metrics/samples.ts'
import type { OpenOne } from './serving.ts'
import { addFacts } from './site-facts.ts'
import type { Barrier, WaitOutcome, WaitQuery } from './state/barrier.ts'
import type { WorkerStart } from './worker.ts'
import { createAcceptors } from './worker-acceptors.ts'
import { createDispatch } from './worker-dispatch.ts'
import { createWorkerLeftovers } from './worker-leftovers.ts'
import { addOutcomes, waitHopeless, waitWithLeftovers } from './worker-outcomes.ts'
import { forkWorker, type WorkerProcess } from './worker-process.ts'
import { createWorkerSamples } from './worker-samples.ts'

export interface Workers {
  /** Waits for all workers of this machine. */
  readonly barrier: Barrier
  readonly workers: number
  readonly inFlight: number
  readonly abandoned: number
  factsOf(site: string): Partial<SiteFacts>
  /** The numbers of all of them, for Prometheus. */
  samples(): Promise<Sample[]>
  /** Listens, and gives the connections to workers that know the place. */
  open: OpenOne
  /**
   * Has every worker build what the settings ask for, beside what serves. The first time, starts the workers.
   *
   * @throws what one of them says; nothing is changed then. IntermissionError ERR_WORKERS_FAILED when they end as soon as
   *   they start
   */
  prepare(settings: Settings): Promise<{ commit(): Promise<void>; abandon(): Promise<void> }>
  /** Ends every request that is under way, in the middle. */
  abort(): void
  /** Stops accepting, lets requests finish, and cuts what is left after `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>
}

export interface WorkersDeps {
  settings: Settings
  fleet: Fleet
  log(level: 'info' | 'warn' | 'error', fields: object, text: string): void
}

const STARTS_AT_MOST = 3
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 10_000
/** A worker that has lived for so long was not in a loop. */
const STEADY_MS = 10_000
const READY_WITHIN_MS = 30_000
const PERMIT_EVERY_MS = 100
const KILL_AFTER_MS = 5000

export function createWorkers(deps: WorkersDeps): Workers {
  const { fleet, log } = deps
  let { settings } = deps
  const entries = new Set<WorkerProcess>()
  const samples = createWorkerSamples(entries)
  const leftovers = createWorkerLeftovers(
    (site) => settings.sites.find(({ name }) => name === site)?.abandonedTimeoutMs ?? 0
  )
  let isStopping = false
  let isStarting = true
  let failures = 0
  let stopped: Promise<void> | undefined

  const dispatch = createDispatch(() => {
    const serving = [...entries].filter(({ isReady, isRetired }) => isReady && !isRetired)
    const responsive = serving.filter((entry) => entry.isResponsive)
    return responsive.length > 0 ? responsive : serving
  })
  const acceptors = createAcceptors(dispatch)
  const forget = fleet.store.subscribe((state) => {
    for (const { channel } of entries) channel.tell('state', state)
  })
  const permitting =
    settings.fencing === 'strict'
      ? setInterval(() => {
          if (fleet.isTrusted()) for (const { channel } of entries) channel.tell('permit', null)
        }, PERMIT_EVERY_MS)
      : undefined

  return {
    barrier: {
      wait: (query) => waitWithLeftovers(query, waitForAll, leftovers.count)
    },
    get workers() {
      return settings.workers
    },
    get inFlight() {
      return addFacts(allFacts()).inFlight
    },
    get abandoned() {
      return addFacts(allFacts()).abandoned
    },
    factsOf: (site) => addFacts([...entries, leftovers].flatMap(({ facts }) => facts[site] ?? [])),
    samples: async () => [...(await samples.collect()), ...leftovers.samples()],
    open: acceptors.open,
    async prepare(next) {
      if (isStarting) {
        cluster.setupPrimary({ silent: false })
        await Promise.all(Array.from({ length: settings.workers }, () => startFirst()))
        isStarting = false
        return { commit: async () => acceptors.admit(), abandon: async () => {} }
      }
      const asked = [...entries].filter(({ isReady, isRetired }) => isReady && !isRetired)
      const abandon = async (): Promise<void> => {
        for (const { channel } of asked) channel.tell('abandon', null)
      }
      const wanted = { settings: next, targets: acceptors.targets() }
      const answers = await Promise.allSettled(asked.map((entry) => askOf(entry, 'prepare', wanted)))
      const failed = answers.find((one) => one.status === 'rejected')
      if (failed !== undefined) {
        await abandon()
        throw failed.reason
      }
      return { abandon, commit: () => commit(next, asked) }
    },
    abort() {
      for (const { channel } of entries) channel.tell('abort', null)
    },
    stop(timeoutMs) {
      stopped ??= stop(timeoutMs)
      return stopped
    }
  }

  function allFacts(): Partial<SiteFacts>[] {
    return [...entries, leftovers].flatMap(({ facts }) => Object.values(facts))
  }

  async function stop(timeoutMs: number): Promise<void> {
    isStopping = true
    acceptors.close()
    dispatch.stop()
    await Promise.all([...entries].map((entry) => retire(entry, timeoutMs)))
    forget()
    clearInterval(permitting)
  }

  async function commit(next: Settings, asked: readonly WorkerProcess[]): Promise<void> {
    settings = next
    acceptors.admit()
    await Promise.all(asked.map((entry) => askOf(entry, 'commit', null).catch(entry.kill)))
    // Whoever was being started has begun with what was in force before.
    for (const entry of entries) if (!asked.includes(entry)) entry.kill()
  }

  // One that ends meanwhile is replaced by one that begins with what is in force then.
  function askOf({ channel, exited }: WorkerProcess, what: string, argument: unknown): Promise<unknown> {
    return Promise.race([channel.call(what, argument, READY_WITHIN_MS), exited])
  }

  // Those at the start: whoever cannot be started ends it with the reason.
  async function startFirst(): Promise<void> {
    for (let n = 1; ; n++) {
      try {
        await readiness(fork())
        return
      } catch (error) {
        if (n === STARTS_AT_MOST || isStopping) throw error
      }
    }
  }

  async function readiness(entry: WorkerProcess): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve(`was not ready within ${READY_WITHIN_MS} ms`), READY_WITHIN_MS)
    })
    const why = await Promise.race([entry.ready.then(() => null), entry.exited, late])
    clearTimeout(timer)
    if (why !== null)
      throw new IntermissionError('ERR_WORKERS_FAILED', `a worker ${why} before it could serve`)
  }

  function fork(): WorkerProcess {
    const entry = forkWorker({ start: startOf, store: fleet.store, onReady: dispatch.ready, onExit })
    entries.add(entry)
    return entry
  }

  function onExit(entry: WorkerProcess, how: string, livedMs: number): void {
    entries.delete(entry)
    samples.ended(entry)
    if (entry.isRetired || isStopping || isStarting) return
    leftovers.add(entry.facts)
    renew(entry.pid, how, livedMs)
  }

  function startOf(): WorkerStart {
    return {
      settings,
      targets: acceptors.targets(),
      markPath: fleet.markPath,
      fences: settings.fencing === 'strict'
    }
  }

  function renew(pid: number | undefined, how: string, livedMs: number): void {
    failures = livedMs > STEADY_MS ? 0 : failures + 1
    const pauseMs = failures === 0 ? 0 : Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1))
    log('error', { worker: pid, pauseMs }, `a worker ${how}; another one takes its place`)
    setTimeout(() => {
      if (!isStopping) fork()
    }, pauseMs)
  }

  async function retire(entry: WorkerProcess, timeoutMs: number): Promise<void> {
    entry.isRetired = true
    entry.channel.tell('stop', timeoutMs)
    const kill = setTimeout(() => entry.kill(), timeoutMs + KILL_AFTER_MS)
    await entry.exited
    clearTimeout(kill)
  }

  async function waitForAll(query: WaitQuery): Promise<WaitOutcome> {
    const waits = [...entries].filter(({ isReady }) => isReady).map((entry) => waitFor(entry, query))
    return addOutcomes(
      (await Promise.all(waits)).filter((each) => each !== null),
      query
    )
  }

  // What a worker had under way has ended with it, but for what the app goes on with.
  async function waitFor(entry: WorkerProcess, query: WaitQuery): Promise<WaitOutcome | null> {
    const answered = entry.channel.call<WaitOutcome>('wait', query, query.timeoutMs + 2000)
    return Promise.race([answered.catch(() => waitHopeless(query)), entry.exited.then(() => null)])
  }
}
