import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { front } from '../helpers/front.ts'
import { rawClient, rawExchange } from '../helpers/raw-client.ts'
import { statusUpstream, tcpUpstream } from '../helpers/upstream.ts'

for (const unix of [false, true])
  test(`an upgrade is a tunnel after the 101 of the app, ${unix ? 'on a unix socket' : 'over TCP'}`, async (t) => {
    const upstream = await tcpUpstream(
      t,
      (socket) => {
        socket.once('data', (bytes: Buffer) => {
          assert.match(bytes.toString('latin1'), /\r\nConnection: Upgrade\r\nUpgrade: foo\/2\r\n/)
          socket.write(
            'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo/2\r\nSet-Cookie: a=b\r\n\r\nfirst'
          )
          socket.on('data', (more) => socket.write(more))
          socket.on('end', () => socket.end('bye'))
        })
      },
      { unix }
    )
    const { app, port } = await front(t, { upstream: upstream.url })
    const client = await rawClient(t, port)
    client.send('GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: foo/2\r\n\r\nearly')
    await client.waitFor(/^HTTP\/1\.1 101 [\s\S]*Set-Cookie: a=b\r\n\r\nfirstearly$/)
    assert.equal(app.proxy.inFlight, 1)
    client.socket.end()
    await client.waitFor(/bye$/)
    assert.equal(await client.ended(), 'end')
    await sleep(20)
    assert.equal(app.proxy.inFlight, 0)
  })

test('closing the app ends its tunnels', async (t) => {
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n')
    )
  })
  const { app, port } = await front(t, { upstream: upstream.url })
  const client = await rawClient(t, port)
  client.send('GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n')
  await client.waitFor(/101/)
  await app.close()
  await client.ended()
})

test('a refused upgrade passes whole, and a dead app is 502', async (t) => {
  const upstream = await statusUpstream(t, 403, 'no entry')
  const { app, port } = await front(t, { upstream: upstream.url })
  const handshake = 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  assert.match(await rawExchange(t, port, handshake), /^HTTP\/1\.1 403 [\s\S]*no entry/)
  await upstream.stop()
  assert.match(await rawExchange(t, port, handshake), /^HTTP\/1\.1 502 /)
  assert.equal(app.proxy.inFlight, 0)
})
