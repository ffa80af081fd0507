// Generated and damaged messages, with Node's parser and nginx to compare with; says the seed, to do it again.
// usage: npm run fuzz [-- responses|requests] [--cases N] [--seed N] [--case NUMBER]
import { parseArgs } from 'node:util'
import { type FuzzRun, fuzzResponses } from '../fuzz/run.ts'
import { fuzzRequests } from '../request-fuzz/run.ts'

const FUZZERS: Readonly<Record<string, (run: FuzzRun) => Promise<boolean>>> = {
  responses: fuzzResponses,
  requests: fuzzRequests
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { cases: { type: 'string' }, seed: { type: 'string' }, case: { type: 'string' } }
})
const run: FuzzRun = {
  seed: number('seed') ?? Math.floor(Math.random() * 2 ** 31),
  cases: number('cases'),
  only: number('case')
}
if (run.only !== undefined && positionals.length !== 1)
  refuse('--case needs to know which: responses or requests')
let passed = true
for (const name of positionals.length === 0 ? Object.keys(FUZZERS) : positionals) {
  const fuzz =
    FUZZERS[name] ?? refuse(`there is no fuzzer ${name}, only ${Object.keys(FUZZERS).join(' and ')}`)
  passed = (await fuzz(run)) && passed
}
process.exit(passed ? 0 : 1)

function number(name: 'cases' | 'seed' | 'case'): number | undefined {
  const text = values[name]
  if (text === undefined) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) && value >= 0
    ? value
    : refuse(`--${name} takes a whole number, not ${text}`)
}

function refuse(why: string): never {
  console.error(why)
  process.exit(2)
}
