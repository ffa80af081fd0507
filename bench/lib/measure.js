import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkAnswer } from './check.js'
import { freePort } from './ports.js'
import {
  cpuSeconds,
  foreignSeconds,
  listening,
  PROXY_CORE,
  residentMiB,
  sleep,
  start,
  stop
} from './processes.js'
import { tools } from './tools.js'

const serve = fileURLToPath(new URL('serve.js', import.meta.url))
/** For what a round leaves behind: connections that are closed, garbage. */
const SETTLE_MS = 100
/** Node compiles what is hot on the very core that is measured, for seconds: those are nobody's cost per request. */
export const WARM_UP_SECONDS = 5

/**
 * Puts one load on all candidates, in turn.
 *
 * @returns a row a candidate: `{ candidate, rounds: [{ cpuMicros, perSecond, foreignShare }], residentMiB, errors }`; with
 *   errors it says nothing about speed; foreignShare is what others had of the machine
 */
export async function measure(load, candidates, { rounds, seconds }, workplace) {
  const rows = []
  for (const candidate of candidates) rows.push(await open(load, candidate, workplace))
  try {
    for (const row of rows) await oneRound(load, row, WARM_UP_SECONDS)
    for (const row of rows) row.rounds = []
    for (let round = 0; round < rounds; round++) {
      // Nobody is always the first, or always behind the same other one.
      const turn = round % 2 === 0 ? rows : rows.toReversed()
      for (const row of turn) row.rounds.push(await oneRound(load, row, seconds))
    }
    for (const row of rows) {
      row.residentMiB = residentMiB(row.child.pid)
      const wrong = await checkAnswer(load, row.setup.port)
      if (wrong) row.errors.add(`in the end it ${wrong}`)
    }
    return rows
  } finally {
    for (const { child } of rows) await stop(child)
  }
}

/** Starts a candidate and looks at its first answer. */
export async function open(load, candidate, workplace) {
  const { kind } = load
  const dir = join(workplace.dir, `${load.name}-${candidate.name}`)
  mkdirSync(dir)
  const port = await freePort()
  const setup = { ...workplace, kind, dir, port, upstreamPort: workplace.upstreamPorts[kind] }
  const { name } = candidate
  const command = candidate.command?.(setup) ?? {
    file: process.execPath,
    args: [serve, name, JSON.stringify(setup)]
  }
  const child = start({ ...command, name, dir, core: PROXY_CORE })
  const row = { candidate, setup, child, rounds: [], errors: new Set() }
  try {
    await listening(child, port, join(dir, `${name}.log`))
    await candidate.prepare?.(setup)
    const wrong = await checkAnswer(load, port)
    if (wrong) row.errors.add(wrong)
  } catch (error) {
    row.errors.add(error.message)
  }
  return row
}

/** Puts a load on a candidate for a while; what goes wrong is added to its errors. */
export async function oneRound(load, row, seconds) {
  const { child, errors } = row
  if (child.exitCode !== null || child.signalCode !== null) {
    errors.add('it died')
    return { cpuMicros: Number.NaN, perSecond: 0 }
  }
  const before = cpuSeconds(child.pid)
  const foreignBefore = foreignSeconds()
  const startMs = performance.now()
  const done = await tools[load.tool](load, row.setup.port, seconds)
  await sleep(SETTLE_MS)
  const cpu = cpuSeconds(child.pid) - before
  const wallSeconds = (performance.now() - startMs) / 1000
  const foreignShare = Math.max(0, foreignSeconds() - foreignBefore) / wallSeconds / availableParallelism()
  for (const error of done.errors) errors.add(error)
  const requests = load.counts === 'bytes' ? done.bytes / load.answer.bytes : done.requests
  if (requests === 0) errors.add('no answer in a whole round')
  return { cpuMicros: (cpu * 1e6) / requests, perSecond: (requests * 1e6) / done.micros, foreignShare }
}
