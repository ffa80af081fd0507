import type { MetricName } from './catalog.ts'
import type { Labels, Sample } from './samples.ts'

/** Upper bounds in seconds: from a page out of memory to a long upload. */
export const BOUNDS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const BOUNDS_MS = Float64Array.from(BOUNDS_SECONDS, (seconds) => seconds * 1000)

/** Counts durations in fixed buckets: some nanoseconds for each, and nothing is allocated. */
export interface Histogram {
  add(ms: number): void
  samples(name: MetricName, labels: Labels): Sample[]
}

export function createHistogram(): Histogram {
  const counts = new Float64Array(BOUNDS_MS.length + 1)
  let sumMs = 0
  return {
    add(ms) {
      let at = 0
      while (at < BOUNDS_MS.length && ms > BOUNDS_MS[at]!) at++
      counts[at]! += 1
      sumMs += ms
    },
    samples(name, labels) {
      let count = 0
      const samples: Sample[] = []
      for (const [at, one] of counts.entries()) {
        count += one
        const le = at < BOUNDS_SECONDS.length ? String(BOUNDS_SECONDS[at]) : '+Inf'
        samples.push({ name, part: 'bucket', labels: { ...labels, le }, value: count })
      }
      samples.push({ name, part: 'sum', labels, value: sumMs / 1000 })
      samples.push({ name, part: 'count', labels, value: count })
      return count === 0 ? [] : samples
    }
  }
}
