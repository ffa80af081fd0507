import { availableParallelism } from 'node:os'
import { refuse } from './readers.ts'

const MOST = 256

/** How many processes serve: `auto` is one for each core. */
export function readWorkers(text: string): number {
  if (text === 'auto') return availableParallelism()
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0
  return count >= 1 && count <= MOST ? count : refuse(text, `auto, or a number from 1 to ${MOST}`)
}
