import { checkAnswer } from './check.js'
import { measureIdleOf } from './idle.js'
import { oneRound, open } from './measure.js'
import { stop } from './processes.js'

const SECONDS = 0.2
const IDLE_CONNECTIONS = 100
/** Nothing is compared here, so that both cores can be used. */
const AT_ONCE = 2

/**
 * Does every candidate answer every load right?
 *
 * @param work loads with those who can run them: `{ load, able }`
 * @returns lines about what went wrong, and how many pairs were tried
 */
export async function smoke(work, workplace) {
  const failures = []
  const groups = groupByProcess(work)
  const tried = work.reduce((total, { able }) => total + able.length, 0)
  const worker = async () => {
    for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
      failures.push(...(await tryOne(group, workplace)))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  return { failures, tried }
}

// A candidate is started once for all loads that it is set up for alike.
function groupByProcess(work) {
  const groups = new Map()
  for (const { load, able } of work) {
    for (const candidate of able) {
      const key = `${candidate.name} ${load.kind}`
      if (!groups.has(key)) groups.set(key, { candidate, loads: [] })
      groups.get(key).loads.push(load)
    }
  }
  return [...groups.values()]
}

async function tryOne({ candidate, loads }, workplace) {
  const failures = []
  const row = await open(loads[0], candidate, workplace)
  for (const load of loads) {
    row.errors.clear()
    const wrong = await checkAnswer(load, row.setup.port)
    if (wrong) row.errors.add(wrong)
    else if (load.tool === 'idle') await measureIdleOf(row, { ...load, connections: IDLE_CONNECTIONS }, 0)
    else await oneRound(load, row, SECONDS)
    for (const error of row.errors) failures.push(`${load.name}: ${candidate.name}: ${error}`)
  }
  await stop(row.child)
  return failures
}
