/** Finds a smaller case that fails in the same way. */
import type { FuzzCase } from './cases.ts'

/**
 * Takes away whatever can be taken away: packets' edges, then pieces of the bytes, from large to single ones.
 *
 * @param fails says whether a case still shows the fault
 */
export function shrink(fuzz: FuzzCase, fails: (smaller: FuzzCase) => boolean): FuzzCase {
  let smallest: FuzzCase = { ...fuzz, sound: null }
  const attempt = (smaller: FuzzCase): boolean => {
    const failed = fails(smaller)
    if (failed) smallest = smaller
    return failed
  }
  if (!attempt(smallest)) return fuzz
  attempt({ ...smallest, packets: [Buffer.concat(smallest.packets)] })
  attempt({ ...smallest, pauseEvery: 0 })
  attempt({ ...smallest, abortAt: 0 })
  attempt({ ...smallest, reused: false })
  attempt({ ...smallest, method: 'GET', requestBody: 'none' })
  const largest = Math.max(0, ...smallest.packets.map(({ length }) => length))
  for (let piece = largest; piece >= 1; piece = Math.floor(piece / 2)) {
    for (let packet = 0; packet < smallest.packets.length; packet++) {
      for (let at = 0; at < smallest.packets[packet]!.length; ) {
        if (!attempt(withoutPiece(smallest, packet, at, piece))) at += piece
      }
    }
  }
  return smallest
}

function withoutPiece(fuzz: FuzzCase, index: number, at: number, length: number): FuzzCase {
  const packet = fuzz.packets[index]!
  const left = Buffer.concat([packet.subarray(0, at), packet.subarray(at + length)])
  return { ...fuzz, packets: fuzz.packets.with(index, left) }
}
