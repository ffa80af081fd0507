import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isOver } from '../src/pages/send.ts'
import { atTurnEnd, endAtTurnEnd, endTurn, letWait } from '../src/turn-end.ts'
import { rawClient } from './helpers/raw-client.ts'

test('what waits for the end of a turn is done in order, and what comes up meanwhile in the next one', async () => {
  const done: string[] = []
  atTurnEnd(() => {
    done.push('first')
    atTurnEnd(() => done.push('later'))
  })
  atTurnEnd(() => done.push('second'))
  assert.deepEqual(done, [])
  await nextTurn()
  assert.deepEqual(done, ['first', 'second'])
  await nextTurn()
  assert.deepEqual(done, ['first', 'second', 'later'])
})

test('what throws at the end of a turn leaves the rest for the next one', async () => {
  const done: string[] = []
  atTurnEnd(() => done.push('before'))
  atTurnEnd(() => {
    throw new Error('of somebody else')
  })
  atTurnEnd(() => done.push('behind'))
  assert.throws(endTurn, /of somebody else/)
  assert.deepEqual(done, ['before'])
  await nextTurn()
  assert.deepEqual(done, ['before', 'behind'])
})

test('a response that waits for its end gets no second answer, and no end once its client is gone', async (t) => {
  const seen: string[] = []
  const server = createServer((request, response: ServerResponse) => {
    endAtTurnEnd(response, () => {
      seen.push(request.url!)
      response.end(request.url)
    })
    assert.equal(isOver(response), true)
    if (request.url === '/gone') response.destroy()
  })
  server.on('connection', (socket) => letWait(socket, true))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const gone = await rawClient(t, port)
  gone.send('GET /gone HTTP/1.1\r\nHost: h\r\n\r\n')
  await gone.ended()
  const there = await rawClient(t, port)
  there.send('GET /there HTTP/1.1\r\nHost: h\r\n\r\n')
  await there.waitFor(/\/there/)
  assert.deepEqual(seen, ['/there'])
})
