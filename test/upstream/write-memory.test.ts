import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { canJoin, sendJoined } from '../../src/upstream/write-memory.ts'
import { receive, socketPair } from '../helpers/socket-pair.ts'

function send(socket: Socket, head: string, bytes: Buffer): void {
  assert.ok(canJoin(socket, bytes.length))
  sendJoined(socket, head, bytes, (piece) => socket.write(piece))
}

test('what a slow reader has not taken is not written over by what others get meanwhile', async (t) => {
  const [[slow, slowEnd], [quick, quickEnd]] = [await socketPair(t), await socketPair(t)]
  const body = Buffer.alloc(60_000, 'a')
  let expected = ''
  while (slow.writableLength === 0) {
    send(slow, 'slow ', body)
    expected += `slow ${body.toString('latin1')}`
  }
  send(slow, 'last ', Buffer.from('one'))
  expected += 'last one'
  send(quick, 'quick ', Buffer.alloc(60_000, 'b'))
  assert.equal(await receive(quickEnd, 60_006), `quick ${'b'.repeat(60_000)}`)
  assert.ok((await receive(slowEnd, expected.length)) === expected)
})

test('a head that is longer than usual is sent as well, byte for byte', async (t) => {
  const [writer, reader] = await socketPair(t)
  const head = 'caf\xe9 '.repeat(5000)
  send(writer, head, Buffer.from('body'))
  assert.equal(await receive(reader, head.length + 4), `${head}body`)
})
