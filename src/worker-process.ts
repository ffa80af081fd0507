/** One worker as the primary sees it: a process, what it says of itself, and what it may ask for. */
import cluster from 'node:cluster'
import type { SiteFacts } from './admin/status.ts'
import type { Sample } from './metrics/samples.ts'
import type { StateStore } from './state/store.ts'
import type { WorkerStart, WriteCall } from './worker.ts'
import { type Channel, createChannel } from './worker-channel.ts'

export interface WorkerProcess {
  readonly pid: number | undefined
  readonly channel: Channel
  /** What its sites were doing a moment ago. */
  readonly facts: Record<string, Partial<SiteFacts>>
  /** What it counted when it was asked last, and at its end. */
  samples: Sample[]
  /** It serves, or did: it has to be asked what it has under way until it has ended. */
  readonly isReady: boolean
  /** It has said something just now; one that is stopped, or busy with itself, has not. */
  readonly isResponsive: boolean
  /** It is to end, and nobody takes its place. */
  isRetired: boolean
  readonly ready: Promise<void>
  /** How it ended, in words. */
  readonly exited: Promise<string>
  kill(): void
}

export interface WorkerProcessDeps {
  start(): WorkerStart
  store: StateStore
  onReady(): void
  onExit(worker: WorkerProcess, how: string, livedMs: number): void
}

/** Four reports of a worker. */
const RESPONSIVE_MS = 1000

export function forkWorker({ start, store, onReady, onExit }: WorkerProcessDeps): WorkerProcess {
  const child = cluster.fork()
  const bornMs = performance.now()
  let heardMs = bornMs
  let facts: WorkerProcess['facts'] = {}
  let isReady = false
  let becomeReady!: () => void
  let end!: (how: string) => void
  const ready = new Promise<void>((resolve) => {
    becomeReady = resolve
  })
  const exited = new Promise<string>((resolve) => {
    end = resolve
  })
  const channel = createChannel(child, {
    online: () => channel.tell('start', start()),
    ready() {
      isReady = true
      becomeReady()
      onReady()
    },
    report(given: WorkerProcess['facts']) {
      heardMs = performance.now()
      facts = given
    },
    counted(samples: Sample[]) {
      worker.samples = samples
    },
    read: async () => (await store.read()) ?? null,
    write: ({ next, expectedRevision, change }: WriteCall) => store.write(next, expectedRevision, change),
    history: () => store.history()
  })
  const worker: WorkerProcess = {
    pid: child.process.pid,
    channel,
    get facts() {
      return facts
    },
    samples: [],
    get isReady() {
      return isReady
    },
    get isResponsive() {
      return performance.now() - heardMs < RESPONSIVE_MS
    },
    isRetired: false,
    ready,
    exited,
    kill: () => void child.process.kill('SIGKILL')
  }
  child.once('exit', (code: number | null, signal: string | null) => {
    const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
    // Before its channel: whoever waits for an answer is to learn that it has ended, not that it is silent.
    end(how)
    channel.close()
    onExit(worker, how, performance.now() - bornMs)
  })
  return worker
}
