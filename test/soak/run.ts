// usage: npm run soak [-- MINUTES]; five minutes without
import { type SoakOptions, soak } from './soak.ts'

const minutes = Number(process.argv[2] ?? 5)
if (!(minutes > 0)) {
  console.error(`the minutes must be a number above 0, not ${process.argv[2]}`)
  process.exit(2)
}
const tasks: (() => unknown)[] = []
try {
  process.exitCode = (await passes({ minutes, say: (line) => console.log(line) })) ? 0 : 1
} finally {
  for (const task of tasks) await task()
}
process.exit()

async function passes(options: SoakOptions): Promise<boolean> {
  const { tally, events, problems } = await soak({ after: (task) => void tasks.unshift(task) }, options)
  for (const [outcome, count] of Object.entries({ ...events, ...tally.outcomes }).sort())
    console.log(`${String(count).padStart(9)}  ${outcome}`)
  for (const problem of problems) console.log(`PROBLEM: ${problem}`)
  console.log(problems.length === 0 ? 'PASSED' : 'FAILED')
  return problems.length === 0
}
