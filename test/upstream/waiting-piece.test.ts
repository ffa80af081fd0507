import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { atTurnEnd } from '../../src/turn-end.ts'
import { WaitingPiece } from '../../src/upstream/waiting-piece.ts'
import { receive, socketPair } from '../helpers/socket-pair.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'

function send(piece: WaitingPiece, socket: Socket): void {
  piece.send(socket, (bytes) => socket.write(bytes))
}

function sendLater(socket: Socket, head: string, body: Buffer): void {
  const piece = new WaitingPiece(head, body)
  atTurnEnd(() => send(piece, socket))
}

/** Sends until the kernel takes no more. @returns what was sent */
function fill(socket: Socket): string {
  const body = Buffer.alloc(16_384, 'a')
  let sent = ''
  while (WaitingPiece.canWait(socket)) {
    send(new WaitingPiece('slow ', body), socket)
    sent += `slow ${body.toString('latin1')}`
  }
  return sent
}

test('pieces that wait for the same turn reach their sockets, byte for byte', async (t) => {
  const [[one, oneEnd], [other, otherEnd]] = [await socketPair(t), await socketPair(t)]
  sendLater(one, 'caf\xe9 ', Buffer.from('first '))
  sendLater(other, 'other ', Buffer.from('body'))
  sendLater(one, '', Buffer.from('second'))
  assert.deepEqual([one.bytesWritten, other.bytesWritten], [0, 0])
  assert.equal(await receive(oneEnd, 17), 'caf\xe9 first second')
  assert.equal(await receive(otherEnd, 10), 'other body')
})

test('a turn in which more is to be sent than there is place for ends before, and nothing is lost', async (t) => {
  const [writer, reader] = await socketPair(t)
  let expected = ''
  for (let i = 0; i < 300; i++) {
    const body = Buffer.alloc(16_384, 97 + (i % 26))
    sendLater(writer, `${i} `, body)
    expected += `${i} ${body.toString('latin1')}`
  }
  assert.ok(writer.bytesWritten > 0)
  assert.ok((await receive(reader, expected.length)) === expected)
})

test('pieces that nobody wants any more take no place for ever', async (t) => {
  const [writer, reader] = await socketPair(t)
  const body = Buffer.alloc(16_384, 'x')
  for (let i = 0; i < 200; i++) new WaitingPiece('lost ', body)
  await nextTurn()
  sendLater(writer, 'sent ', body)
  assert.ok((await receive(reader, 16_389)) === `sent ${body.toString('latin1')}`)
})

test('what a slow reader has not taken is not written over by what others get meanwhile', async (t) => {
  const [[slow, slowEnd], [quick, quickEnd]] = [await socketPair(t), await socketPair(t)]
  const expected = fill(slow)
  for (let i = 0; i < 4; i++) send(new WaitingPiece('quick ', Buffer.alloc(16_384, 'b')), quick)
  assert.ok((await receive(quickEnd, 4 * 16_390)) === `quick ${'b'.repeat(16_384)}`.repeat(4))
  assert.ok((await receive(slowEnd, expected.length)) === expected)
})

/** Slow readers, as many as there may be that keep a memory. @returns both ends of their connections */
async function crowd(t: Cleanup, quick: Socket): Promise<[Socket, Socket][]> {
  const slow: [Socket, Socket][] = []
  while (WaitingPiece.canWait(quick)) {
    const ends = await socketPair(t)
    fill(ends[0])
    slow.push(ends)
    // The kernel may take the rest of some after a moment.
    assert.ok(slow.length < 100)
  }
  return slow
}

for (const [what, end] of [
  ['reads', ([, reader]: [Socket, Socket]) => reader.resume()],
  ['is cut', ([writer]: [Socket, Socket]) => writer.destroy()]
] as const) {
  test(`a few slow readers only keep memory that others could use, each until it ${what}`, async (t) => {
    const [quick] = await socketPair(t)
    const slow = await crowd(t, quick)
    for (const ends of slow) end(ends)
    await waitUntil(() => WaitingPiece.canWait(quick))
  })
}
