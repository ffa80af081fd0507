import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { canJoin, sendJoined } from '../../src/upstream/write-memory.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'

/** Two ends of a connection; the second one reads nothing until it is told to. */
async function pair(t: Cleanup): Promise<[Socket, Socket]> {
  const server = createServer({ pauseOnConnect: true })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const writer = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const reader = await accepted
  t.after(() => {
    writer.destroy()
    reader.destroy()
    server.close()
  })
  return [writer, reader]
}

function send(socket: Socket, head: string, bytes: Buffer): void {
  assert.ok(canJoin(socket, bytes.length))
  sendJoined(socket, head, bytes, (piece) => socket.write(piece))
}

async function receive(socket: Socket, length: number): Promise<string> {
  let text = ''
  socket.setEncoding('latin1').on('data', (part: string) => (text += part))
  socket.resume()
  while (text.length < length) await new Promise((resolve) => socket.once('data', resolve))
  return text
}

test('what a slow reader has not taken is not written over by what others get meanwhile', async (t) => {
  const [[slow, slowEnd], [quick, quickEnd]] = [await pair(t), await pair(t)]
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
  const [writer, reader] = await pair(t)
  const head = 'caf\xe9 '.repeat(5000)
  send(writer, head, Buffer.from('body'))
  assert.equal(await receive(reader, head.length + 4), `${head}body`)
})
