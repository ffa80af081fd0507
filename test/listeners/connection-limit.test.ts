import assert from 'node:assert/strict'
import { connect, createServer, type Socket } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ConnectionLimitOptions, createConnectionLimit } from '../../src/listeners/connection-limit.ts'
import { createTrust } from '../../src/peer.ts'
import { type Listening, type ListeningOptions, listening } from '../helpers/listening.ts'
import { type RawClient, rawClient } from '../helpers/raw-client.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import { okUpstream } from '../helpers/upstream.ts'

const REQUEST = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n'

async function limited(
  t: Cleanup,
  options: Partial<ConnectionLimitOptions>,
  more: Partial<ListeningOptions> = {}
): Promise<
  Listening & { limit: ReturnType<typeof createConnectionLimit>; open(from?: string): Promise<RawClient> }
> {
  const limit = createConnectionLimit({ max: 0, maxPerAddress: 0, ...options })
  const upstream = await okUpstream(t)
  const gateway = await listening(t, { proxy: { upstream: upstream.url }, limit, ...more })
  return { ...gateway, limit, open: (from) => rawClient(t, gateway.port, from) }
}

async function serves(client: RawClient, prefix = ''): Promise<void> {
  client.send(prefix + REQUEST)
  await client.waitFor(/^HTTP\/1\.1 200 /)
}

test('connections beyond the limit are cut, and places are free again when others close', async (t) => {
  const { limit, open } = await limited(t, { max: 3 })
  const [first, ...others] = [await open(), await open(), await open()]
  await serves(first)
  const fourth = await open()
  await fourth.ended()
  assert.equal(fourth.received, '')
  assert.deepEqual([limit.open, limit.refused], [3, { total: 1, 'per-address': 0 }])
  others[0].socket.destroy()
  while (limit.open === 3) await sleep(2)
  await serves(await open())
})

test('one address cannot take the places of others', async (t) => {
  const { limit, open } = await limited(t, { max: 100, maxPerAddress: 2 })
  const clients = [await open('127.0.0.2'), await open('127.0.0.2'), await open('127.0.0.2')]
  await clients[2]!.ended()
  await serves(await open('127.0.0.3'))
  await serves(clients[0]!)
  assert.deepEqual(limit.refused, { total: 0, 'per-address': 1 })
  clients[1]!.socket.destroy()
  while (limit.open > 2) await sleep(2)
  await serves(await open('127.0.0.2'))
})

test('a proxy in front may have as many as it likes', async (t) => {
  const { open } = await limited(t, { maxPerAddress: 1, isShared: createTrust(['127.0.0.2']) })
  for (let n = 0; n < 3; n++) await serves(await open('127.0.0.2'))
  await open('127.0.0.3')
  await (await open('127.0.0.3')).ended()
})

test('behind a PROXY header the visitor counts, and a flood through it is cut', async (t) => {
  const { open } = await limited(
    t,
    { maxPerAddress: 1, isShared: createTrust(['127.0.0.1']) },
    { sendsProxyHeader: createTrust(['127.0.0.1']) }
  )
  const header = (address: string): string => `PROXY TCP4 ${address} 192.0.2.1 4711 80\r\n`
  await serves(await open(), header('203.0.113.1'))
  const again = await open()
  again.send(header('203.0.113.1') + REQUEST)
  await again.ended()
  assert.equal(again.received, '')
  await serves(await open(), header('203.0.113.2'))
})

test('connections that wait for TLS count too, and a refused one costs no handshake', async (t) => {
  const { limit, open, port } = await limited(t, { max: 2 }, { tls: true })
  await open()
  await open()
  const third = await rawClient(t, port)
  await third.ended()
  assert.deepEqual([third.received, limit.open], ['', 2])
})

test('hosts of IPv6 count by their /64', async (t) => {
  const limit = createConnectionLimit({ max: 0, maxPerAddress: 1 })
  const from = async (address: string): Promise<boolean> => limit.admitFrom(await anySocket(t), address)
  assert.equal(await from('2001:db8:0:1::1'), true)
  assert.equal(await from('2001:db8:0:1:ffff::2'), false)
  assert.equal(await from('2001:db8:0:2::1'), true)
})

async function anySocket(t: Cleanup): Promise<Socket> {
  const server = createServer().listen(0)
  t.after(() => server.close())
  const address = server.address()
  const socket = connect(typeof address === 'object' ? address!.port : 0)
  socket.on('error', () => undefined)
  t.after(() => socket.destroy())
  return socket
}
