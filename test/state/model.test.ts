import test from 'node:test'
import fc from 'fast-check'
import { createFileStore } from '../../src/state/file-store.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import type { Model } from './model.ts'
import { COMMANDS } from './model-commands.ts'
import { Real, SITES } from './model-real.ts'
import { countSteps } from './model-step.ts'

const STEPS = Number(process.env.INTERMISSION_TEST_MODEL_STEPS ?? 600)
const SEED = Number(process.env.INTERMISSION_TEST_SEED ?? Date.now() % 1_000_000)

for (const kind of ['memory', 'file'] as const) {
  test(`two processes on a ${kind} store do what a simple model says, ${STEPS} steps long (10000 with INTERMISSION_TEST_MODEL_STEPS)`, async (t) => {
    let steps = 0
    let run = 0
    countSteps(() => steps++)
    t.diagnostic(`INTERMISSION_TEST_SEED=${SEED}`)
    for (; steps < STEPS; run++) {
      const property = fc.asyncProperty(
        fc.commands(COMMANDS, { maxCommands: 100, size: 'max' }),
        async (commands) => {
          const model = initialModel()
          const memory = createMemoryStore()
          const path = `${tempDir(t)}/state.json`
          const open =
            kind === 'memory' ? () => ({ ...memory, close: async () => {} }) : () => createFileStore({ path })
          const real = new Real(open, model)
          await real.start(0)
          await real.start(1)
          try {
            await fc.asyncModelRun(() => ({ model, real }), commands)
          } finally {
            await real.stop(0)
            await real.stop(1)
          }
        }
      )
      await fc.assert(property, { seed: SEED + run, numRuns: 1, endOnFailure: false })
    }
    t.diagnostic(`${steps} steps in ${run} runs`)
  })
}

function initialModel(): Model {
  return {
    nowMs: Date.UTC(2026, 9, 24),
    names: [...SITES],
    healthy: new Set(),
    up: [true, true],
    sites: new Map(),
    windows: [],
    links: []
  }
}
