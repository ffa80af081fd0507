/** What the gateway has in a quiet moment, and whether it has become more. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../../src/package-root.ts'
import { KEPT_AT_MOST_BYTES } from '../../src/upstream/read-memory.ts'
import { mebibytes } from '../helpers/process-memory.ts'
import { MIB } from '../helpers/scale.ts'
import { waitUntil } from '../helpers/store-contract.ts'

export interface Figures {
  heapBytes: number
  residentBytes: number
  externalBytes: number
  descriptors: number
  timers: number
}

/** How much the last third of the moments may be above the first one. Visitors keep some connections, each with a timer. */
const MOST_GROWTH: Figures = {
  heapBytes: 4 * MIB,
  residentBytes: 32 * MIB,
  // As many large downloads at a time as never before take more of the memory that is kept for them.
  externalBytes: 8 * MIB + KEPT_AT_MOST_BYTES,
  descriptors: 16,
  timers: 16
}

/** What a gateway must be started with, so that it can be asked; see probe.js. @param file takes what it says */
export function probed(file: string): { env: Record<string, string> } {
  writeFileSync(file, '')
  const probe = pathToFileURL(join(packageRoot, 'test/soak/probe.js')).href
  return { env: { NODE_OPTIONS: `--expose-gc --import ${probe}`, SOAK_FIGURES: file } }
}

/** Asks the probe. */
export async function readFigures(pid: number, file: string): Promise<Figures> {
  const lines = (): string[] => readFileSync(file, 'utf8').split('\n').slice(0, -1)
  const before = lines().length
  process.kill(pid, 'SIGUSR2')
  await waitUntil(() => lines().length > before)
  const told = JSON.parse(lines().at(-1)!) as Omit<Figures, 'descriptors'>
  return { ...told, descriptors: readdirSync(`/proc/${pid}/fd`).length }
}

/** What has grown, in words; nothing when all is well. The first moment is left out: it is warm only after that. */
export function growth(moments: readonly Figures[]): string[] {
  const warm = moments.slice(1)
  const third = Math.max(1, Math.floor(warm.length / 3))
  const mean = (some: readonly Figures[], name: keyof Figures): number =>
    some.reduce((sum, figures) => sum + figures[name], 0) / some.length
  return (Object.keys(MOST_GROWTH) as (keyof Figures)[]).flatMap((name) => {
    const [from, to] = [mean(warm.slice(0, third), name), mean(warm.slice(-third), name)]
    if (to - from <= MOST_GROWTH[name]) return []
    return [`${name} has grown from ${Math.round(from)} to ${Math.round(to)}`]
  })
}

export function inWords({ heapBytes, residentBytes, descriptors, timers }: Figures): string {
  return `heap ${(heapBytes / MIB).toFixed(1)} MiB, resident ${mebibytes(residentBytes)}, ${descriptors} descriptors, ${timers} timers`
}
