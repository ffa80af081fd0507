// Preloaded into the gateway of the soak: at SIGUSR2 it collects garbage and appends what is left to SOAK_FIGURES.
import { createHook } from 'node:async_hooks'
import { appendFileSync } from 'node:fs'

// All timers, also those that would not keep the process alive.
const timers = new Set()
createHook({
  init(id, type) {
    if (type === 'Timeout') timers.add(id)
  },
  destroy: (id) => timers.delete(id)
}).enable()

process.on('SIGUSR2', () => {
  globalThis.gc()
  const { heapUsed, rss, external } = process.memoryUsage()
  const figures = { heapBytes: heapUsed, residentBytes: rss, externalBytes: external, timers: timers.size }
  appendFileSync(process.env.SOAK_FIGURES, `${JSON.stringify(figures)}\n`)
})
