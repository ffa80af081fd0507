import assert from 'node:assert/strict'
import test from 'node:test'
import { FrameReader } from '../../src/upstream/websocket.ts'

/** A frame with a payload of that many bytes. */
function frame(opcode: number, length: number, isMasked = false): Buffer {
  const extended = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const head = Buffer.alloc(2 + extended + (isMasked ? 4 : 0), 0xff)
  head[0] = 0x80 | opcode
  head[1] = (isMasked ? 0x80 : 0) | (extended === 0 ? length : extended === 2 ? 126 : 127)
  if (extended === 2) head.writeUInt16BE(length, 2)
  if (extended === 8) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, Buffer.alloc(length, 0x88)])
}

const FRAMES = [0, 1, 125, 126, 127, 128, 65_535, 65_536].flatMap((length) => [
  frame(1, length),
  frame(2, length, true)
])

test('ends of frames are found in every form of length, masked or not', () => {
  const reader = new FrameReader()
  const all = Buffer.concat(FRAMES)
  const ends: number[] = []
  for (let at = 0; at < all.length; ) {
    at = reader.take(all, at)
    assert.ok(reader.isBetween)
    ends.push(at)
  }
  let sum = 0
  assert.deepEqual(
    ends,
    FRAMES.map(({ length }) => {
      sum += length
      return sum
    })
  )
  assert.equal(reader.hasClosed, false)
})

test('wherever the bytes are cut, frames end where they do', () => {
  const all = Buffer.concat([frame(1, 3), frame(2, 200, true), frame(9, 0), frame(1, 70_000), frame(8, 2)])
  for (const size of [1, 2, 3, 7, 1000]) {
    const reader = new FrameReader()
    let between = 0
    for (let from = 0; from < all.length; from += size) {
      const piece = all.subarray(from, from + size)
      for (let at = 0; at < piece.length; ) {
        at = reader.take(piece, at)
        if (reader.isBetween) between++
        else assert.equal(at, piece.length)
      }
    }
    assert.deepEqual([between, reader.isBetween, reader.hasClosed], [5, true, true], `pieces of ${size}`)
  }
})

test('a side that has begun to close is known from the first byte of that frame', () => {
  const reader = new FrameReader()
  reader.take(frame(8, 2).subarray(0, 1), 0)
  assert.deepEqual([reader.hasClosed, reader.isBetween], [true, false])
})
