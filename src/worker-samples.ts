import { METRICS } from './metrics/catalog.ts'
import { mergeSamples, type Sample } from './metrics/samples.ts'
import type { WorkerProcess } from './worker-process.ts'

/** What the workers have counted, put together. */
export interface WorkerSamples {
  /** Asks all of them; of one that does not answer it is what it said last. */
  collect(): Promise<Sample[]>
  /** What it has counted stays in the sums, so that they never go down. */
  ended(worker: WorkerProcess): void
}

const ANSWER_WITHIN_MS = 1000

export function createWorkerSamples(workers: ReadonlySet<WorkerProcess>): WorkerSamples {
  let past: Sample[] = []
  return {
    async collect() {
      const asked = [...workers].filter(({ isReady }) => isReady)
      await Promise.all(asked.map((worker) => ask(worker).catch(() => {})))
      // Who has ended meanwhile is in the past.
      return mergeSamples([past, ...[...workers].map(({ samples }) => samples)])
    },
    ended({ samples }) {
      const counts = samples.filter(({ name }) => METRICS[name].type !== 'gauge')
      past = mergeSamples([past, counts])
    }
  }
}

async function ask(worker: WorkerProcess): Promise<void> {
  worker.samples = await worker.channel.call<Sample[]>('samples', null, ANSWER_WITHIN_MS)
}
