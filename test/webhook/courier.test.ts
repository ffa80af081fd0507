import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCourier, MOST_WAITING } from '../../src/webhook/courier.ts'
import type { Message } from '../../src/webhook/message.ts'
import { post } from '../../src/webhook/post.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { type Receiver, type ReceiverOptions, startReceiver } from './receiver.ts'

const message = (id: string): Message => ({ id, body: JSON.stringify({ id }) })

async function start(t: Cleanup, options: ReceiverOptions, lifetimeMs: number) {
  const receiver: Receiver = await startReceiver(t, options)
  const said: string[] = []
  const pauses: { attempt: number; againMs: number }[] = []
  const courier = createCourier({
    ...{ firstPauseMs: 10, longestPauseMs: 40, lifetimeMs },
    send: (one, closing) => post(receiver.url, one, [Buffer.from('secret')], closing),
    onDelivered: ({ id }) => said.push(`${id} delivered`),
    onFailed: (_message, _why, attempt, againMs) => pauses.push({ attempt, againMs }),
    onLost: ({ id }, why) => said.push(`${id} lost: ${why}`)
  })
  t.after(() => courier.close())
  return { receiver, courier, said, pauses }
}

test('a message is given up when its time is over, and the next one has its own', async (t) => {
  const { courier, said, pauses } = await start(t, { status: () => 503 }, 200)
  courier.take(message('a'))
  while (courier.waiting > 0) await sleep(5)
  courier.take(message('b'))
  while (courier.waiting > 0) await sleep(5)
  assert.deepEqual(said, ['a lost: status 503', 'b lost: status 503'])
  assert.equal(pauses[0]?.attempt, 1)
  for (const { attempt, againMs } of pauses) {
    const wanted = Math.min(40, 10 * 2 ** (attempt - 1))
    assert.ok(Math.abs(againMs - wanted) <= wanted / 4 + 1, `${againMs} after attempt ${attempt}`)
  }
})

test('only so many wait: the oldest go, but for the one that is being tried', async (t) => {
  let isUp = false
  const { receiver, courier, said } = await start(t, { status: () => (isUp ? 204 : 500) }, 60_000)
  for (let n = 0; n < MOST_WAITING + 10; n++) courier.take(message(String(n)))
  assert.equal(courier.waiting, MOST_WAITING)
  assert.equal(said[0], `1 lost: ${MOST_WAITING} others wait`)
  assert.equal(said.length, 10)
  await receiver.hasSeen(1)
  isUp = true
  while (courier.waiting > 0) await sleep(5)
  const delivered = said.slice(10).map((line) => Number(line.split(' ')[0]))
  assert.equal(delivered[0], 0)
  assert.deepEqual(
    delivered.slice(1),
    Array.from({ length: MOST_WAITING - 1 }, (_, n) => n + 11)
  )
})

test('what is closed gives up at once, and takes nothing more', async (t) => {
  const { receiver, courier, said } = await start(t, { status: () => 0 }, 60_000)
  courier.take(message('a'))
  courier.take(message('b'))
  await receiver.hasSeen(1)
  courier.close()
  courier.take(message('c'))
  await sleep(30)
  assert.deepEqual(said, ['a lost: stopped', 'b lost: stopped', 'c lost: stopped'])
  assert.equal(courier.waiting, 0)
  assert.equal(receiver.seen.length, 1)
})
