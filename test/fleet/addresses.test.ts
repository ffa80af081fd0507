/** Real servers of every kind that an address can name: with passwords, TLS and rights, sentinels, a cluster. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { probeRedis } from '../../src/fleet/probe.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { modeOf, openMember } from '../helpers/fleet.ts'
import { startProcess } from '../helpers/process.ts'
import { freePort, redisCli, startRedis } from '../helpers/redis.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { requireTool } from '../helpers/tools.ts'

/** Whether a change on one member is in force on another. */
async function shares(t: TestContext, url: string, more: object = {}): Promise<void> {
  const [one, two] = [await openMember(t, { url, ...more }), await openMember(t, { url, ...more })]
  await waitUntil(() => modeOf(one) === 'live' && modeOf(two) === 'live')
  const { wait } = await one.control.enter({})
  assert.deepEqual([wait.outcome, wait.members, modeOf(two)], ['complete', 2, 'maintenance'])
}

test('a password, a user with few rights, and a database of its own', async (t) => {
  const redis = await startRedis(t, { args: ['--requirepass', 'first'] })
  if (!redis) return
  const rights = [
    ...[
      '~im:{shop}:*',
      '&im:{shop}:*',
      '+eval',
      '+evalsha',
      '+subscribe',
      '+unsubscribe',
      '+publish',
      '+select',
      '+time',
      '+info'
    ],
    ...['+hget', '+hset', '+hdel', '+hmget', '+hgetall', '+hincrby', '+hstrlen', '+del', '+lpush', '+ltrim'],
    ...[
      '+lrange',
      '+zadd',
      '+zrem',
      '+zscore',
      '+zcard',
      '+zrange',
      '+zrevrange',
      '+zrangebyscore',
      '+zremrangebyrank'
    ]
  ]
  await redis.cli('-a', 'first', 'ACL', 'SETUSER', 'gateway', 'on', '>p@ss:word', ...rights)
  await shares(t, `redis://gateway:p%40ss%3Aword@127.0.0.1:${redis.port}/2`, { fleet: 'shop' })
  assert.equal(await redis.cli('-a', 'first', '-n', '2', 'EXISTS', 'im:{shop}:doc'), '1')
  const stranger = await openMember(t, {
    url: `redis://gateway:wrong@127.0.0.1:${redis.port}`,
    fleet: 'shop'
  })
  await waitUntil(() => stranger.told.some((line) => /WRONGPASS/.test(line)))
  assert.ok(
    stranger.told.every((line) => !line.includes('wrong@')),
    'no password is told'
  )
})

test('without the right to hear hints, changes come with the beat', async (t) => {
  const redis = await startRedis(t)
  if (!redis) return
  await redis.cli('ACL', 'SETUSER', 'deaf', 'on', '>deaf', '~*', 'resetchannels', '+@all')
  await shares(t, `redis://deaf:deaf@127.0.0.1:${redis.port}`)
})

test("TLS, verified by certificates of one's own", async (t) => {
  if (requireTool(t, 'redis-server') === undefined) return
  const { certPath: cert, keyPath: key } = makeCertificate(t)
  const port = await freePort()
  const tls = [
    '--tls-port',
    String(port),
    '--tls-cert-file',
    cert,
    '--tls-key-file',
    key,
    '--tls-ca-cert-file',
    cert
  ]
  const server = startProcess(t, 'redis-server', [
    '--port',
    '0',
    ...tls,
    '--tls-auth-clients',
    'no',
    '--dir',
    tempDir(t)
  ])
  await server.waitFor(/Ready to accept connections/)
  const url = `rediss://localhost:${port}`
  await assert.rejects(probeRedis(url), /certificate/)
  await probeRedis(url, readFileSync(cert, 'utf8'))
  await shares(t, url, { ca: readFileSync(cert, 'utf8') })
})

test('sentinels say where the server is, and say it anew after a failover', async (t) => {
  const [main, replica] = [await startRedis(t), await startRedis(t)]
  if (!main || !replica) return
  await replica.cli('REPLICAOF', '127.0.0.1', String(main.port))
  await waitUntil(async () => (await replica.cli('INFO', 'replication')).includes('master_link_status:up'))
  const [folder, port] = [tempDir(t), await freePort()]
  mkdirSync(folder, { recursive: true })
  const config = join(folder, 'sentinel.conf')
  const lines = [`port ${port}`, `dir ${folder}`, `sentinel monitor shop 127.0.0.1 ${main.port} 1`]
  const times = ['sentinel down-after-milliseconds shop 1000', 'sentinel failover-timeout shop 3000']
  writeFileSync(config, `${[...lines, ...times].join('\n')}\n`)
  const sentinel = startProcess(t, 'redis-server', [config, '--sentinel'])
  await sentinel.waitFor(/\+monitor/)
  await waitUntil(async () =>
    (await redisCli(t, port, ['SENTINEL', 'replicas', 'shop'])).includes(String(replica.port))
  )
  const url = `redis+sentinel://127.0.0.1:${await freePort()},127.0.0.1:${port}/shop`
  const [one, two] = [await openMember(t, { url }), await openMember(t, { url })]
  await waitUntil(() => modeOf(one) === 'live' && modeOf(two) === 'live')
  await one.control.enter({ message: 'before' })
  await main.kill9()
  await sentinel.waitFor(/\+switch-master/)
  await waitUntil(() => one.fleet.storeStatus().reachable && two.fleet.storeStatus().reachable)
  const { wait } = await two.control.enter({ message: 'after' })
  assert.deepEqual([wait.outcome, one.control.site('default').state.message], ['complete', 'after'])
})

test('a cluster says which of its nodes has the keys', async (t) => {
  const node = await startRedis(t, { args: ['--cluster-enabled', 'yes'] })
  if (!node) return
  await node.cli('CLUSTER', 'ADDSLOTSRANGE', '0', '16383')
  await waitUntil(async () => (await node.cli('CLUSTER', 'INFO')).includes('cluster_state:ok'))
  await shares(t, `redis+cluster://127.0.0.1:${await freePort()},127.0.0.1:${node.port}`)
})

test('an address without a server is told of by check', async () => {
  await assert.rejects(probeRedis(`redis://ada:secret@127.0.0.1:${await freePort()}`), (error: Error) => {
    assert.match(error.message, /^Redis at 127\.0\.0\.1:\d+ cannot be used: .*ECONNREFUSED/)
    assert.ok(!error.message.includes('secret'))
    return true
  })
})
