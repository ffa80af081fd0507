import type { FuzzRun } from '../fuzz/run.ts'
import { findTool } from '../helpers/tools.ts'
import { makeRequests } from './cases.ts'
import { report, runFuzz } from './fuzz.ts'

const STOPPING_MS = 2000

/**
 * Sends generated and damaged requests through a gateway, and through nginx where it is installed.
 *
 * @returns whether there were no faults
 */
export async function fuzzRequests({ seed, cases = 100_000, only }: FuzzRun): Promise<boolean> {
  const tasks: (() => unknown)[] = []
  const nginx = findTool('nginx')
  if (only !== undefined) console.log(JSON.stringify(makeRequests(seed, only)))
  const some = only === undefined ? { cases } : { first: only, cases: 1 }
  const { counts, laxer, failures, casesPerSecond } = await runFuzz(
    { after: (task) => void tasks.push(task) },
    { seed, ...some, nginx }
  )
  const total = counts.reduce((sum, [, count]) => sum + count, failures.length)
  const beside = nginx === undefined ? 'without nginx' : 'beside nginx'
  console.log(`requests: seed ${seed}, ${total} cases, ${casesPerSecond} a second, ${beside}`)
  for (const [category, count] of counts) console.log(`${String(count).padStart(9)}  ${category}`)
  for (const bytes of laxer) console.log(`laxer: ${JSON.stringify(bytes)}`)
  for (const failure of failures) console.error(`\n${report(failure, seed)}`)
  const stopped = Promise.all(tasks.map((task) => task()))
  await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, STOPPING_MS))])
  return failures.length === 0
}
