import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createWaitingRoom, type WaitingRoom } from '../src/waiting-room.ts'

interface Guest {
  name: number
  dueMs: number
  isGone: boolean
}

interface Watched {
  room: WaitingRoom<Guest>
  released: number[]
  expired: number[]
  guest(name: number, forMs?: number): Guest
}

function watched(limit: number, onReleased: (guest: Guest) => boolean = () => true): Watched {
  const released: number[] = []
  const expired: number[] = []
  const room = createWaitingRoom<Guest>({
    limit,
    isGone: ({ isGone }) => isGone,
    dueMs: ({ dueMs }) => dueMs,
    onExpired: ({ name }) => expired.push(name),
    onReleased(guest) {
      released.push(guest.name)
      return onReleased(guest)
    }
  })
  const guest = (name: number, forMs = 60_000): Guest => {
    const one = { name, dueMs: performance.now() + forMs, isGone: false }
    if (!room.add(one)) throw new Error('full')
    return one
  }
  return { room, released, expired, guest }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, name) => name)

test('those who wait are let go first in, first out, and not all at once', async () => {
  const { room, released, guest } = watched(1000)
  for (const name of upTo(300)) guest(name)
  room.release(() => false)
  assert.ok(released.length > 0 && released.length < 100, `${released.length} at once`)
  const startMs = performance.now()
  while (room.size > 0) await sleep(1)
  assert.deepEqual(released, upTo(300))
  assert.ok(performance.now() - startMs >= 30, 'the rest came in steps')
})

test('those who cost the app nothing need not be spared for it', () => {
  const { room, released, guest } = watched(1000, () => false)
  for (const name of upTo(300)) guest(name)
  room.release(() => false)
  assert.deepEqual(released, upTo(300))
})

test('a full room takes nobody, and has place again when one has left', () => {
  const { room, guest } = watched(2)
  const first = guest(1)
  guest(2)
  assert.throws(() => guest(3))
  assert.equal(room.size, 2)
  room.release(({ name }) => name !== first.name)
  guest(3)
})

test('who may not wait any longer is told, and who has left is forgotten without a word', async () => {
  const { room, released, expired, guest } = watched(10)
  guest(1, 50)
  const gone = guest(2, 50)
  gone.isGone = true
  const leaving = guest(3)
  guest(4)
  leaving.isGone = true
  await sleep(120)
  assert.deepEqual(expired, [1])
  assert.equal(room.size, 1)
  room.release(() => false)
  assert.deepEqual(released, [4])
})

test('who stays keeps the place, and a second release begins with the first again', async () => {
  const { room, released, guest } = watched(1000)
  for (const name of upTo(200)) guest(name)
  room.release(({ name }) => name % 2 === 0)
  // In the middle of it: now the even ones may go, and the odd ones that are left stay.
  const before = [...released]
  assert.ok(before.length < 100)
  room.release(({ name }) => name % 2 === 1)
  while (room.size > 200 - before.length - 100) await sleep(1)
  assert.deepEqual(
    released.slice(before.length),
    upTo(200).filter((name) => name % 2 === 0)
  )
})

test('one that comes back while others are let go is at the end of the line', async () => {
  let back = false
  const { room, released, guest } = watched(10, (one) => {
    if (one.name === 1 && !back) {
      back = true
      room.add(one)
    }
    return true
  })
  guest(1)
  guest(2)
  room.release(() => false)
  while (room.size > 0) await sleep(1)
  assert.deepEqual(released, [1, 2, 1])
})

test('a room that is emptied lets all out in order and holds no timer', async () => {
  const { room, released, guest } = watched(1000)
  for (const name of upTo(200)) guest(name)
  room.release(() => false)
  const before = released.length
  const out: number[] = []
  room.empty(({ name }) => out.push(name))
  assert.deepEqual(out, upTo(200).slice(before))
  await sleep(30)
  assert.equal(released.length, before)
})
