// Holds the HTTP/1 client towards the upstream against Node's own parser, with generated and damaged responses.
// usage: node --import tsx test/fuzz/run.ts [--cases N] [--seed N] [--case NUMBER]
import { parseArgs } from 'node:util'
import { makeCase } from './cases.ts'
import { asText, report, runFuzz } from './fuzz.ts'
import { createNodeReader } from './node-reader.ts'
import { readOurs } from './our-reader.ts'

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    case: { type: 'string' }
  }
})
const seed = number('seed', values.seed)

if (values.case !== undefined) {
  const fuzz = makeCase(seed, number('case', values.case))
  console.log(asText(fuzz))
  console.log('node:', createNodeReader()(fuzz))
  try {
    console.log('ours:', readOurs(fuzz))
  } catch (error) {
    console.log('ours:', error)
  }
}

const single = values.case === undefined ? {} : { first: number('case', values.case), cases: 1 }
const { counts, failures, casesPerSecond } = await runFuzz({
  seed,
  cases: number('cases', values.cases),
  ...single
})
const total = counts.reduce((sum, [, count]) => sum + count, failures.length)
console.log(
  `seed ${seed}, ${total} cases, ${casesPerSecond} a second, Node ${process.versions.node} (llhttp ${process.versions.llhttp})`
)
for (const [category, count] of counts) console.log(`${String(count).padStart(9)}  ${category}`)
for (const failure of failures) console.error(`\n${report(failure, seed)}`)
if (failures.length > 0) process.exitCode = 1

function number(name: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  console.error(`--${name} takes a whole number, not ${text}`)
  process.exit(2)
}
