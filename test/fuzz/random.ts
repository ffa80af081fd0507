/** Random numbers that are the same for the same seed, on every machine and every version of Node. */

export interface Random {
  /** A whole number from 0 up to, and without, `limit`. */
  below(limit: number): number
  /** True once in `times`. */
  oneIn(times: number): boolean
  pick<T>(list: readonly T[]): T
}

const WARM_UP_ROUNDS = 12

/**
 * The generator sfc32 (Chris Doty-Humphrey, PractRand). Every stream of a seed stands for itself, so that one case can
 * be made again without those in front of it.
 */
export function createRandom(seed: number, stream: number): Random {
  let a = seed | 0
  let b = stream | 0
  let c = Math.floor(stream / 2 ** 32) | 0
  let counter = 1
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    return sum >>> 0
  }
  for (let round = 0; round < WARM_UP_ROUNDS; round++) next()
  const below = (limit: number): number => Math.floor((next() / 2 ** 32) * limit)
  return {
    below,
    oneIn: (times) => below(times) === 0,
    pick: (list) => list[below(list.length)]!
  }
}
