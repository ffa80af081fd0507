import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertUnharmed } from '../helpers/gateway-status.ts'
import { startGateway } from '../helpers/process.ts'
import { mebibytes, residentMemory } from '../helpers/process-memory.ts'
import { rawClient } from '../helpers/raw-client.ts'
import { MIB, sized } from '../helpers/scale.ts'
import { tcpUpstream } from '../helpers/upstream.ts'

const CHUNKS = sized(200_000, 2_000_000)
const PIECE = '1\r\nx\r\n'.repeat(10_000)

// Thousands of chunks arrive in one read, each of which the client's full connection refuses.
test('an answer in tiny chunks costs no memory while a slow client makes it wait', async (t) => {
  const app = await tcpUpstream(t, (socket) =>
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      let left = CHUNKS
      const send = (): void => {
        while (left > 0) {
          left -= 10_000
          if (!socket.write(PIECE)) return
        }
        socket.end('0\r\n\r\n')
      }
      socket.on('drain', send)
      send()
    })
  )
  const gateway = await startGateway(t, ['--upstream', app.url, '--access-log', 'off'])
  const client = await rawClient(t, Number(new URL(gateway.url).port))
  client.socket.pause()
  client.send('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n')
  await sleep(1_000)
  const memory = residentMemory(gateway.pid)
  client.socket.resume()
  assert.equal(await client.ended(60_000), 'end')
  const body = client.received.slice(client.received.indexOf('\r\n\r\n') + 4)
  assert.match(body.slice(-5), /^0\r\n\r\n$/)
  const bytes = body.split('\r\n').filter((line) => /^x+$/.test(line))
  assert.equal(bytes.join('').length, CHUNKS)
  if (memory) {
    t.diagnostic(`${CHUNKS} chunks: resident ${mebibytes(memory.now)} while the client waited`)
    assert.ok(memory.now < 200 * MIB)
  }
  assertUnharmed(gateway)
})
