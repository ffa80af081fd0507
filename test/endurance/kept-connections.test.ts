import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { front } from '../helpers/front.ts'
import { tcpUpstream } from '../helpers/upstream.ts'

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const QUIET_MS = 10_000

test('an upstream that has never broken a kept connection gets POST over kept ones, until it breaks one', async (t) => {
  let opened = 0
  let breaksNext = false
  let asked = 0
  const upstream = await tcpUpstream(t, (socket) => {
    opened++
    socket.on('data', () => {
      asked++
      if (breaksNext) socket.destroy()
      else socket.write(ANSWER)
      breaksNext = false
    })
  })
  const { url } = await front(t, { upstream: upstream.url })
  const post = async (times: number): Promise<number> => {
    const before = opened
    for (let n = 0; n < times; n++)
      assert.equal((await fetch(url, { method: 'POST', body: 'x' })).status, 200)
    return opened - before
  }
  assert.equal(await post(70), 70)
  await sleep(QUIET_MS)
  assert.equal(await post(20), 0)
  breaksNext = true
  asked = 0
  // It may have been read: so it is lost, and not sent twice.
  assert.equal((await fetch(url, { method: 'POST', body: 'x' })).status, 502)
  assert.equal(asked, 1)
  assert.equal(await post(20), 20)
})
