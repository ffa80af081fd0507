/** Bodies too large to hold, made and checked as they pass. */
import { createHash, type Hash } from 'node:crypto'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { MIB } from '../helpers/scale.ts'

const PIECE_BYTES = 256 * 1024

/** What passed, and what it was. */
export interface Passed {
  bytes: number
  sha256: string
}

/** A body in the making: written no faster than it is taken. */
export async function writeBody(to: Writable, size: number, bytesPerSecond?: number): Promise<Passed> {
  const hash = createHash('sha256')
  const piece = Buffer.allocUnsafe(PIECE_BYTES)
  // No two pieces are the same, so that one that is lost, doubled or late is found out.
  for (let at = 0; at < PIECE_BYTES; at += 4) piece.writeUInt32LE((at * 2_654_435_761) >>> 0, at)
  const startMs = performance.now()
  let bytes = 0
  while (bytes < size && !to.destroyed) {
    const length = Math.min(PIECE_BYTES, size - bytes)
    const next = Buffer.from(piece.subarray(0, length))
    if (length >= 8) next.writeDoubleLE(bytes, 0)
    hash.update(next)
    bytes += length
    if (!to.write(next)) await drained(to)
    await keepPace(bytes, startMs, bytesPerSecond)
  }
  to.end()
  return { bytes, sha256: hash.digest('hex') }
}

// Also when it can never be: whoever writes then sees that it is destroyed.
function drained(to: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      to.off('drain', done).off('close', done)
      resolve()
    }
    if (to.destroyed) resolve()
    else to.on('drain', done).on('close', done)
  })
}

/** Reads a body to its end, no faster than asked. */
export async function readBody(from: Readable, bytesPerSecond?: number): Promise<Passed> {
  const hash: Hash = createHash('sha256')
  const startMs = performance.now()
  let bytes = 0
  for await (const piece of from) {
    hash.update(piece as Buffer)
    bytes += (piece as Buffer).length
    await keepPace(bytes, startMs, bytesPerSecond)
  }
  return { bytes, sha256: hash.digest('hex') }
}

async function keepPace(bytes: number, startMs: number, bytesPerSecond?: number): Promise<void> {
  if (bytesPerSecond === undefined) return
  const aheadMs = (bytes / bytesPerSecond) * 1000 - (performance.now() - startMs)
  if (aheadMs > 10) await sleep(aheadMs)
}

export const perSecond = (mebibytes: number): number => mebibytes * MIB
