import { readdirSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { openFilesLimit } from '../open-files.ts'
import { packageVersion } from '../package-root.ts'
import type { MetricName } from './catalog.ts'
import type { Sample } from './samples.ts'

const version = packageVersion()
let before = performance.eventLoopUtilization()

/** What can be said of this process, under the names that Prometheus' own libraries use. */
export function processSamples(): Sample[] {
  const { user, system } = process.cpuUsage()
  const { utilization } = performance.eventLoopUtilization(before)
  before = performance.eventLoopUtilization()
  const values: Partial<Record<MetricName, number>> = {
    process_start_time_seconds: performance.timeOrigin / 1000,
    process_cpu_seconds_total: (user + system) / 1e6,
    process_resident_memory_bytes: process.memoryUsage.rss(),
    nodejs_eventloop_utilization_ratio: utilization,
    ...descriptors()
  }
  const samples = Object.entries(values).map(([name, value]) => ({
    name: name as MetricName,
    labels: {},
    value
  }))
  return [{ name: 'intermission_build_info', labels: { version }, value: 1 }, ...samples]
}

// Only Linux tells.
function descriptors(): Partial<Record<MetricName, number>> {
  const limit = openFilesLimit()
  try {
    const open = { process_open_fds: readdirSync('/proc/self/fd').length }
    return limit === undefined ? open : { ...open, process_max_fds: limit }
  } catch {
    return {}
  }
}
