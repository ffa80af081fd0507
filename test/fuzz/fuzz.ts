/** Runs many cases and counts what came of them. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type FuzzCase, makeCase } from './cases.ts'
import { Difference, judge } from './compare.ts'
import { createNodeReader } from './node-reader.ts'
import { shrink } from './shrink.ts'

export interface Failure {
  number: number
  message: string
  /** The case, and a smaller one that fails with the same first words. */
  fuzz: FuzzCase
  smaller: FuzzCase
}

export interface Outcome {
  /** Cases by category, the most frequent first. */
  counts: [category: string, count: number][]
  failures: Failure[]
  casesPerSecond: number
}

export interface FuzzOptions {
  seed: number
  cases: number
  /** The number of the first case. Default 0. */
  first?: number
  /** Ends after so many failures. Default 5. */
  maxFailures?: number
}

/** Requests with a body leave callbacks for the end of the turn, and there must be one now and then. */
const CASES_PER_TURN = 500

export async function runFuzz({ seed, cases, first = 0, maxFailures = 5 }: FuzzOptions): Promise<Outcome> {
  const readNode = createNodeReader()
  const counts = new Map<string, number>()
  const failures: Failure[] = []
  const startMs = performance.now()
  let number = first
  for (; number < first + cases && failures.length < maxFailures; number++) {
    if (number % CASES_PER_TURN === 0) await nextTurn()
    const fuzz = makeCase(seed, number)
    const verdict = judgeCase(fuzz, readNode)
    if (verdict.failed) {
      const kind = firstWords(verdict.text)
      const smaller = shrink(fuzz, (attempt) => {
        const { failed, text } = judgeCase(attempt, readNode)
        return failed && firstWords(text) === kind
      })
      failures.push({ number, message: verdict.text, fuzz, smaller })
    } else counts.set(verdict.text, (counts.get(verdict.text) ?? 0) + 1)
  }
  const seconds = (performance.now() - startMs) / 1000
  return {
    counts: [...counts].sort((a, b) => b[1] - a[1]),
    failures,
    casesPerSecond: Math.round((number - first) / seconds)
  }
}

function judgeCase(
  fuzz: FuzzCase,
  readNode: ReturnType<typeof createNodeReader>
): { failed: boolean; text: string } {
  try {
    return { failed: false, text: judge(fuzz, readNode) }
  } catch (error) {
    const text =
      error instanceof Difference ? error.message : `threw ${(error as Error).stack ?? String(error)}`
    return { failed: true, text }
  }
}

function firstWords(text: string): string {
  return text.split(/[:("]/, 2).join(':')
}

/** A failure as text, with all that is needed to see it again. */
export function report({ number, message, fuzz, smaller }: Failure, seed: number): string {
  return [
    `case ${number} of seed ${seed}: ${message}`,
    `  sent:    ${asText(fuzz)}`,
    `  smaller: ${asText(smaller)}`,
    `  again:   npm run fuzz -- responses --seed ${seed} --case ${number}`
  ].join('\n')
}

/** A case as JSON that `corpus.json` takes. */
export function asText({ packets, sound: _, ...rest }: FuzzCase): string {
  return JSON.stringify({ ...rest, packets: packets.map((packet) => packet.toString('latin1')) })
}
