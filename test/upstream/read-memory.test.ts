import assert from 'node:assert/strict'
import test from 'node:test'
import { COPIED_UP_TO_BYTES, type OnFree } from '../../src/upstream/client-response.ts'
import { type Holder, ReadMemory } from '../../src/upstream/read-memory.ts'

const nobody: Holder = { holdsBytes: () => false }

/** Somebody who is still using what was read. */
function holder(): Holder & { free: OnFree } {
  const held = {
    free: (): void => undefined,
    holdsBytes(onFree: OnFree) {
      held.free = onFree as () => void
      return true
    }
  }
  return held
}

/** Reads as much as there is room for; gives the memory it was read into. */
function fill(memory: ReadMemory, who: Holder, goesOn = true): Buffer {
  const into = memory.next()
  memory.read(into.length)
  memory.settle(into.length, goesOn, who)
  return into
}

test('all connections read small pieces into the same memory, and large ones into their own', () => {
  const [one, other] = [new ReadMemory(), new ReadMemory()]
  assert.equal(fill(one, nobody), fill(other, nobody))
  assert.notEqual(one.next(), other.next())
  assert.ok(one.next().length > COPIED_UP_TO_BYTES)
  assert.equal(fill(one, nobody), one.next(), 'it is used again and again')
  one.close()
  other.close()
})

test('memory that somebody holds is read into by nobody until it is free', () => {
  const [one, other] = [new ReadMemory(), new ReadMemory()]
  fill(one, nobody)
  const slow = holder()
  const held = fill(one, slow)
  assert.notEqual(one.next(), held)
  fill(other, nobody)
  assert.notEqual(other.next(), held)
  slow.free(true)
  fill(one, nobody)
  assert.equal(one.next(), held)
  one.close()
  other.close()
})

test('memory that a client leaves behind is never used again', () => {
  const one = new ReadMemory()
  fill(one, nobody)
  const gone = holder()
  const left = fill(one, gone, false)
  gone.free(false)
  const all = [one, ...Array.from({ length: 80 }, () => new ReadMemory())]
  for (const memory of all) {
    fill(memory, nobody)
    assert.notEqual(memory.next(), left)
  }
  for (const memory of all) memory.close()
})

test('closing in the middle of a read frees nothing that has just been handed on', () => {
  const [one, other] = [new ReadMemory(), new ReadMemory()]
  fill(one, nobody)
  const into = one.next()
  one.read(into.length)
  one.close()
  fill(other, nobody)
  assert.notEqual(other.next(), into)
  one.settle(into.length, false, holder())
  other.close()
})
