// usage: npm run soak [-- MINUTES]; five minutes without
import { soak } from './soak.ts'

const minutes = Number(process.argv[2] ?? 5)
if (!(minutes > 0)) {
  console.error(`the minutes must be a number above 0, not ${process.argv[2]}`)
  process.exit(2)
}
const tasks: (() => unknown)[] = []
const { tally, events, problems } = await soak(
  { after: (task) => void tasks.unshift(task) },
  { minutes, say: (line) => console.log(line) }
)
for (const [outcome, count] of Object.entries({ ...events, ...tally.outcomes }).sort())
  console.log(`${String(count).padStart(9)}  ${outcome}`)
for (const problem of problems) console.log(`PROBLEM: ${problem}`)
console.log(problems.length === 0 ? 'PASSED' : 'FAILED')
for (const task of tasks) await task()
process.exit(problems.length === 0 ? 0 : 1)
