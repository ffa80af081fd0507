/** Answers of a store that are none of our scripts': nothing of them is believed, or kept. */
import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import test from 'node:test'
import { readBeat, readView } from '../../src/fleet/answers.ts'
import { modeOf, openMember } from '../helpers/fleet.ts'
import { startRedis } from '../helpers/redis.ts'
import { startRelay } from '../helpers/relay.ts'
import { waitUntil } from '../helpers/store-contract.ts'

const DOCUMENT = ['', '', '', 0, null]
const BEAT = ['ok', '1000', '900', 1, DOCUMENT, 1, 3, [], [], 0, '', '']
const at = (index: number, value: unknown): unknown[] => BEAT.map((each, n) => (n === index ? value : each))

test('an answer to a beat is read', () => {
  const answer = readBeat(BEAT)
  const { nowMs, counts, roster, longestLeaseMs } = answer ?? {}
  assert.deepEqual([nowMs, counts, roster?.number, longestLeaseMs], [1000, true, 3, null])
  assert.equal(readBeat(['forgotten']), null)
})

for (const [what, answer] of [
  ['that of another script', ['ok']],
  ['no list', 1],
  ['a time that is no number', at(1, 'soon')],
  ['no word on whether it counts', at(3, '')],
  ['no number of the roster', at(6, null)],
  ['a roster that is no list', at(7, 'two')],
  ['a roster of numbers', at(8, [1])],
  ['a document that is no list', at(4, 'good')],
  ['a body that is no text', at(4, ['', '', '', 0, 7])]
] as const) {
  test(`an answer to a beat is refused: ${what}`, () => {
    assert.throws(() => readBeat(answer), /its answer is none of our scripts'/)
  })
}

test('an answer to a look is refused when it is that of another script', () => {
  assert.throws(() => readView(BEAT), /its answer is none of our scripts'/)
})

test('answers out of step do no harm: the next connection is as if nothing had been', async (t) => {
  const redis = await startRedis(t)
  if (!redis) return
  // As after a lost answer: each is that to another question.
  const stranger = createServer((socket) => {
    socket.on('error', () => {}).on('data', () => socket.write('*2\r\n$2\r\nok\r\n$1\r\n7\r\n'))
  })
  await new Promise<void>((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  t.after(() => stranger.close())
  let port = redis.port
  const relay = await startRelay(t, () => port)
  const member = await openMember(t, { url: `redis://127.0.0.1:${relay.port}` })
  await waitUntil(() => modeOf(member) === 'live')
  port = (stranger.address() as AddressInfo).port
  relay.set('refuse')
  relay.set('pass')
  await waitUntil(() => member.told.some((line) => line.includes("none of our scripts'")))
  assert.equal(member.fleet.storeStatus().reachable, false)
  port = redis.port
  relay.set('refuse')
  relay.set('pass')
  await waitUntil(() => member.fleet.storeStatus().reachable)
  assert.equal((await member.control.enter({ wait: 'drained' })).wait.outcome, 'complete')
})
