import type { AnsweredBy, Observation } from '../observation.ts'
import { createHistogram, type Histogram } from './histogram.ts'
import type { Sample } from './samples.ts'

/** Counts the requests of one site as they end. */
export interface RequestCounts {
  /** @param status 0 when the client left without an answer */
  add(status: number, answeredBy: AnsweredBy, observation: Observation): void
  samples(): Sample[]
}

const ANSWERERS: readonly AnsweredBy[] = ['app', 'files', 'gateway']
// The class of a status is its first digit; 0 stands for none.
const CODES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx', '6xx', '7xx', '8xx', '9xx']
/** Reasons are words of our own. Should they ever not be, memory stays bounded. */
const MOST_REASONS = 50

export function createRequestCounts(site: string): RequestCounts {
  // One row for each reason; within it, a number for each class of status and each who may have answered.
  const rows = new Map<string, Float64Array>()
  const withoutReason = rowOf('')
  const durations = new Map<AnsweredBy, Histogram>(ANSWERERS.map((one) => [one, createHistogram()]))
  const upstream = createHistogram()

  function rowOf(reason: string): Float64Array {
    let row = rows.get(reason)
    if (row === undefined) {
      if (rows.size >= MOST_REASONS && reason !== 'other') return rowOf('other')
      row = new Float64Array(CODES.length * ANSWERERS.length)
      rows.set(reason, row)
    }
    return row
  }

  return {
    add(status, answeredBy, { reason, startMs, handedOverMs, headMs }) {
      const row = reason === null ? withoutReason : rowOf(reason)
      row[Math.floor(status / 100) * ANSWERERS.length + ANSWERERS.indexOf(answeredBy)]! += 1
      durations.get(answeredBy)!.add(performance.now() - startMs)
      if (headMs !== 0) upstream.add(headMs - handedOverMs)
    },
    samples() {
      const samples: Sample[] = []
      for (const [reason, row] of rows) {
        for (const [at, value] of row.entries()) {
          if (value === 0) continue
          const code = CODES[Math.floor(at / ANSWERERS.length)]!
          const answered_by = code === 'none' ? 'nobody' : ANSWERERS[at % ANSWERERS.length]!
          samples.push({
            name: 'intermission_requests_total',
            labels: { site, code, answered_by, reason },
            value
          })
        }
      }
      for (const [answered_by, histogram] of durations)
        samples.push(...histogram.samples('intermission_request_duration_seconds', { site, answered_by }))
      samples.push(...upstream.samples('intermission_upstream_response_seconds', { site }))
      return samples
    }
  }
}
