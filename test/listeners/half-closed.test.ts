/** Clients that end their side of the connection with their last request still get what the gateway itself answers. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { connect } from 'node:tls'
import { closedSite } from '../helpers/closed.ts'
import { rawClient } from '../helpers/raw-client.ts'

const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
const countIn = (text: string): number => text.split('HTTP/1.1 503 ').length - 1

test('requests in one packet, with the end of the sending side behind them, are all answered by a closed gate', async (t) => {
  const { site, port } = await closedSite(t)
  await site.enter({})
  for (const many of [1, 3, 40]) {
    const client = await rawClient(t, port)
    client.socket.end(GET.repeat(many))
    assert.equal(await client.ended(), 'end')
    assert.equal(countIn(client.received), many)
  }
})

test('a request over TLS that is read together with its farewell is answered by a closed gate', async (t) => {
  const { site, port, ca } = await closedSite(t, {}, { tls: true })
  await site.enter({})
  let received = ''
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca })
  t.after(() => socket.destroy())
  // This process runs the gateway as well, which so reads both in one turn.
  socket.once('secureConnect', () => socket.end(GET))
  socket.setEncoding('latin1').on('data', (text: string) => {
    received += text
  })
  await new Promise((resolve) => socket.once('end', resolve))
  assert.equal(countIn(received), 1)
})
