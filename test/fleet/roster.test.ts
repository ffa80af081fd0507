import assert from 'node:assert/strict'
import test from 'node:test'
import { createRoster } from '../../src/fleet/roster.ts'

/** A name as `createMemberId` makes them; what is random in it is a number that can be added up in the head. */
const member = (number: number): string => `host-1-${number.toString(16).padStart(13, '0')}`
const [ONE, TWO, THREE] = [member(1), member(2), member(3)]

const intact = (number: number, came: string[] = [], gone: string[] = []) => ({
  ...{ isIntact: true, number, came, gone }
})
const broken = (number: number, came: string[] = [], gone: string[] = []) => ({
  ...{ isIntact: false, number, came, gone }
})

test('who comes and goes is known, with a checksum of those who are there', () => {
  const roster = createRoster()
  assert.deepEqual([roster.number, roster.sum, roster.ids], [0, 0, []])
  assert.deepEqual(roster.learn(intact(3, [ONE, TWO, THREE])), { reappeared: [], isChanged: true })
  assert.deepEqual([roster.number, roster.sum, roster.ids], [3, 6, [ONE, TWO, THREE]])
  assert.equal(roster.learn(intact(4, [], [TWO])).isChanged, true)
  assert.deepEqual([roster.sum, roster.ids, roster.missing], [4, [ONE, THREE], []])
  assert.equal(roster.learn(intact(4)).isChanged, false)
})

test('whom a registry has lost is missing until it is there again', () => {
  const roster = createRoster({ number: 3, ids: [ONE, TWO, THREE] })
  assert.equal(roster.learn(broken(1, [THREE])).isChanged, true)
  assert.deepEqual([roster.missing, roster.sum, roster.number], [[ONE, TWO], 3, 1])
  assert.deepEqual(roster.ids.toSorted(), [ONE, TWO, THREE], 'and stays known, for the disk')
  roster.learn(intact(3, [ONE, TWO]))
  assert.deepEqual([roster.missing, roster.sum], [[], 6])
})

test('whom a registry has lost and says to have left is not missing', () => {
  const roster = createRoster({ number: 2, ids: [ONE, TWO] })
  roster.learn(broken(5, [TWO], [ONE]))
  assert.deepEqual([roster.missing, roster.ids], [[], [TWO]])
})

test('who has left and is there again, since the registry went back, is told of', () => {
  const roster = createRoster({ number: 2, ids: [ONE, TWO] })
  roster.learn(intact(3, [], [ONE]))
  assert.deepEqual(roster.learn(broken(2, [ONE, TWO])).reappeared, [ONE])
})

test('a name that is none of ours does no harm', () => {
  const roster = createRoster()
  roster.learn(intact(1, ['somebody else']))
  assert.deepEqual([roster.sum, roster.ids], [0, ['somebody else']])
})

test('the checksum stays a whole number with as many members as there may be', () => {
  const ids = Array.from({ length: 5000 }, (_, n) => `host-1-${(2 ** 52 - 1 - n).toString(16)}`)
  const { sum } = createRoster({ number: 5000, ids })
  assert.ok(Number.isSafeInteger(sum) && sum < 2 ** 52)
})
