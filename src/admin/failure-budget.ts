import { networkOf } from '../address-ranges.ts'

/** How many wrong tokens are looked at. */
export interface FailureBudget {
  /** @returns whole seconds to wait, or 0 when the next token of this peer will be looked at */
  waitSeconds(peer: string | undefined): number
  /** Counts a wrong token. */
  failed(peer: string | undefined): void
}

interface Bucket {
  left: number
  atMs: number
}

// Five guesses a second are nothing to a guesser, and an old script with a wrong token that asks every second locks
// nobody out. Both fill up again within seconds, so whoever holds the right token is in soon after the guessing ends.
const PEER = { size: 20, perSecond: 5 }
const ALL = { size: 200, perSecond: 50 }
const MOST_PEERS = 1000

/**
 * A budget of wrong tokens for each peer and for all together. When that of all is spent, only peers that have been
 * wrong lately wait: guessing from many addresses does not shut out a peer that has not guessed.
 *
 * @param now milliseconds of a clock that never goes back
 */
export function createFailureBudget(now: () => number = () => performance.now()): FailureBudget {
  const peers = new Map<string, Bucket>()
  const all: Bucket = { left: ALL.size, atMs: now() }

  function refill(bucket: Bucket, { size, perSecond }: typeof PEER): Bucket {
    const nowMs = now()
    bucket.left = Math.min(size, bucket.left + ((nowMs - bucket.atMs) / 1000) * perSecond)
    bucket.atMs = nowMs
    return bucket
  }

  function makeRoom(): void {
    for (const [peer, bucket] of peers) if (refill(bucket, PEER).left >= PEER.size) peers.delete(peer)
    for (const peer of peers.keys()) {
      if (peers.size < MOST_PEERS) return
      peers.delete(peer)
    }
  }

  return {
    waitSeconds(address) {
      const bucket = peers.get(keyOf(address))
      if (bucket === undefined || refill(bucket, PEER).left >= PEER.size) return 0
      return bucket.left >= 1 && refill(all, ALL).left >= 1 ? 0 : 1
    },
    failed(address) {
      const peer = keyOf(address)
      let bucket = peers.get(peer)
      if (bucket === undefined) {
        if (peers.size >= MOST_PEERS) makeRoom()
        bucket = { left: PEER.size, atMs: now() }
        peers.set(peer, bucket)
      }
      refill(bucket, PEER).left -= 1
      refill(all, ALL).left = Math.max(0, all.left - 1)
    }
  }
}

function keyOf(address: string | undefined): string {
  return address === undefined ? 'socket' : networkOf(address)
}
