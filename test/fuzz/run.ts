import { makeCase } from './cases.ts'
import { asText, report, runFuzz } from './fuzz.ts'
import { createNodeReader } from './node-reader.ts'
import { readOurs } from './our-reader.ts'

export interface FuzzRun {
  seed: number
  /** Undefined: as many as are worth some minutes. */
  cases: number | undefined
  /** Only this one, in detail. */
  only: number | undefined
}

/**
 * Holds the HTTP/1 client towards the upstream against Node's own parser, with generated and damaged responses.
 *
 * @returns whether there were no faults
 */
export async function fuzzResponses({ seed, cases = 1_000_000, only }: FuzzRun): Promise<boolean> {
  if (only !== undefined) show(seed, only)
  const some = only === undefined ? { cases } : { first: only, cases: 1 }
  const { counts, failures, casesPerSecond } = await runFuzz({ seed, ...some })
  const total = counts.reduce((sum, [, count]) => sum + count, failures.length)
  console.log(
    `responses: seed ${seed}, ${total} cases, ${casesPerSecond} a second, Node ${process.versions.node} (llhttp ${process.versions.llhttp})`
  )
  for (const [category, count] of counts) console.log(`${String(count).padStart(9)}  ${category}`)
  for (const failure of failures) console.error(`\n${report(failure, seed)}`)
  return failures.length === 0
}

function show(seed: number, number: number): void {
  const fuzz = makeCase(seed, number)
  console.log(asText(fuzz))
  console.log('node:', createNodeReader()(fuzz))
  try {
    console.log('ours:', readOurs(fuzz))
  } catch (error) {
    console.log('ours:', error)
  }
}
