import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { packageRoot } from '../../src/package-root.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import { callGateway } from '../helpers/gateway-status.ts'
import { block } from '../helpers/markdown.ts'
import { metricValue } from '../helpers/metrics.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { startRedis } from '../helpers/redis.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { tempDir } from '../helpers/temp-dir.ts'
import { enter, gatewayOf, leave, NEW, OLD, verified } from './gateways.ts'
import { startReceiver, type Told } from './receiver.ts'

async function metric(gateway: GatewayProcess, name: string, labels = {}): Promise<number | undefined> {
  const token = readFileSync(join(gateway.stateDir, 'admin-token'), 'utf8').trim()
  const answer = await fetch(`${gateway.adminUrl}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  return metricValue(await answer.text(), name, labels)
}

test('every change is posted once, signed, with what it was before and what it is now', async (t) => {
  const receiver = await startReceiver(t)
  const gateway = await gatewayOf(t, receiver.url)
  await enter(gateway, { message: 'Back at nine', reason: 'ticket 7', by: 'anna@ops', for: '30m' })
  await enter(gateway, { mode: 'hold', by: 'anna@ops' })
  await callGateway(gateway, 'POST', '/bypass-links', { label: 'the team' })
  await leave(gateway)
  await receiver.hasSeen(4)
  const [first, second, link, last] = receiver.told as [Told, Told, Told, Told]
  assert.deepEqual(
    [first, second, link, last].map(({ event }) => event),
    ['enter', 'enter', 'link-add', 'leave']
  )
  assert.deepEqual([first.by, first.reason, first.sites.length], ['anna@ops', 'ticket 7', 1])
  const [site] = first.sites
  assert.deepEqual([site?.site, site?.previousMode], ['default', 'live'])
  assert.deepEqual([site?.document.mode, site?.document.message], ['maintenance', 'Back at nine'])
  assert.deepEqual([second.sites[0]?.previousMode, second.sites[0]?.document.mode], ['maintenance', 'hold'])
  assert.deepEqual([last.sites[0]?.previousMode, last.sites[0]?.document.mode], ['hold', 'live'])
  assert.deepEqual(link.sites, [])
  assert.ok(link.subject)
  assert.ok(first.revision < second.revision && second.revision < last.revision)
  assert.ok(Math.abs(Date.parse(first.time) - Date.now()) < 30_000)

  const { method, path, headers, body } = receiver.seen[0]!
  assert.deepEqual(
    [method, path, headers['content-type']],
    ['POST', '/hook/a-secret-path', 'application/json']
  )
  assert.equal(headers['webhook-id'], first.id)
  assert.deepEqual(verified(receiver, 0, new Webhook(OLD)), first)
  assert.deepEqual(verified(receiver, 0, new Webhook(NEW, { format: 'raw' })), first)
  assert.throws(() => verified(receiver, 0, new Webhook('whsec_c29tZSBvdGhlciBzZWNyZXQgZW50aXJlbHk=')))
  const changed = body.replace('maintenance', 'live')
  assert.throws(() => new Webhook(OLD).verify(changed, headers as Record<string, string>))
  // Nothing that opens a door is in it.
  assert.doesNotMatch(receiver.seen.map((one) => one.body).join(), /token|bypassKey/i)
})

test('the receiver of docs/webhooks.md knows a message from one that was changed, and from an old one', async (t) => {
  const path = join(tempDir(t), 'receiver.mjs')
  writeFileSync(path, block(readFileSync(join(packageRoot, 'docs/webhooks.md'), 'utf8'), 'js'))
  const { isGenuine } = (await import(path)) as {
    isGenuine: (headers: object, body: string, secret: string) => boolean
  }
  const receiver = await startReceiver(t)
  await enter(await gatewayOf(t, receiver.url))
  await receiver.hasSeen(1)
  const { headers, body } = receiver.seen[0]!
  assert.ok(isGenuine(headers, body, OLD))
  assert.ok(!isGenuine(headers, body.replace('enter', 'leave'), OLD))
  assert.ok(!isGenuine(headers, body, 'whsec_c29tZSBvdGhlciBzZWNyZXQgZW50aXJlbHk='))
  const old = Number(headers['webhook-timestamp']) - 3600
  assert.ok(!isGenuine({ ...headers, 'webhook-timestamp': String(old) }, body, OLD))
})

test('a message that fails is sent again with its id, and the messages keep their order', async (t) => {
  const receiver = await startReceiver(t, { status: (n) => (n < 2 ? 500 : 204) })
  const gateway = await gatewayOf(t, receiver.url)
  await enter(gateway)
  await leave(gateway)
  await receiver.hasSeen(4)
  const { told } = receiver
  assert.deepEqual(
    told.map(({ event }) => event),
    ['enter', 'enter', 'enter', 'leave']
  )
  assert.deepEqual(new Set(told.slice(0, 3).map(({ id }) => id)).size, 1)
  assert.notEqual(told[3]?.id, told[0]?.id)
  const seconds = receiver.seen.map(({ headers }) => Number(headers['webhook-timestamp']))
  assert.ok(seconds[2]! > seconds[0]!, 'each attempt says when it was made')
  while ((await metric(gateway, 'intermission_webhook_waiting')) !== 0) await sleep(20)
  const attempts = (outcome: string): Promise<number | undefined> =>
    metric(gateway, 'intermission_webhook_attempts_total', { outcome })
  assert.deepEqual([await attempts('failed'), await attempts('delivered')], [2, 2])
  assert.equal(await metric(gateway, 'intermission_webhook_lost_total'), 0)
  assert.match(gateway.stdout, /"why":"status 500".*"msg":"webhook failed, and will be tried again"/)
  assert.doesNotMatch(gateway.stdout, /a-secret-path|a-secret-of-our-own/)
})

test('a receiver that never answers delays neither a change nor the stop', async (t) => {
  const receiver = await startReceiver(t, { status: () => 0 })
  const gateway = await gatewayOf(t, receiver.url)
  const startMs = performance.now()
  await enter(gateway)
  await leave(gateway)
  assert.ok(performance.now() - startMs < 2000)
  await receiver.hasSeen(1)
  const stopMs = performance.now()
  assert.equal((await gateway.stop()).code, 0)
  assert.ok(performance.now() - stopMs < 2000)
  assert.match(gateway.stdout, /"why":"stopped","msg":"webhook given up"/)
})

test('a receiver that is gone is told once it is back', async (t) => {
  const receiver = await startReceiver(t)
  await receiver.stop()
  const gateway = await gatewayOf(t, receiver.url)
  await enter(gateway)
  await gateway.waitFor(/ECONNREFUSED.*webhook failed/)
  const back = await startReceiver(t, { port: receiver.port })
  await back.hasSeen(1)
  assert.equal(back.told[0]?.event, 'enter')
})

test('a redirect is not followed: the message is for the address that was named', async (t) => {
  const elsewhere = await startReceiver(t)
  const receiver = await startReceiver(t, { status: () => 307, headers: { location: elsewhere.url } })
  const gateway = await gatewayOf(t, receiver.url)
  await enter(gateway)
  await receiver.hasSeen(2)
  assert.equal(elsewhere.seen.length, 0)
})

test('an https receiver is told only when its certificate is trusted', async (t) => {
  const { certPath, keyPath } = makeCertificate(t)
  const tls = { cert: readFileSync(certPath, 'utf8'), key: readFileSync(keyPath, 'utf8') }
  const receiver = await startReceiver(t, { tls })
  const gateway = await gatewayOf(t, receiver.url)
  await enter(gateway)
  await gateway.waitFor(/self-signed certificate.*webhook failed/)
  assert.equal(receiver.seen.length, 0)
  await gateway.stop()
  const trusting = await gatewayOf(t, receiver.url, [], { NODE_EXTRA_CA_CERTS: certPath })
  await enter(trusting)
  await receiver.hasSeen(1)
})

test('of several gateways and workers with one state, only the one that made a change tells of it', async (t) => {
  const receiver = await startReceiver(t)
  const stateDir = tempDir(t)
  const shared = ['--state-dir', stateDir, '--workers', '2']
  const one = await gatewayOf(t, receiver.url, shared)
  const other = await gatewayOf(t, receiver.url, shared)
  await enter(one)
  while ((await fetch(other.url)).status !== 503) await sleep(50)
  await leave(other)
  while ((await fetch(one.url)).status === 503) await sleep(50)
  await receiver.hasSeen(2)
  await sleep(300)
  assert.deepEqual(
    receiver.told.map(({ event, sites }) => [event, sites[0]?.previousMode]),
    [
      ['enter', 'live'],
      ['leave', 'maintenance']
    ]
  )
})

test('an end that came while the gateway was down is told of at its start', async (t) => {
  const receiver = await startReceiver(t)
  const stateDir = tempDir(t)
  const before = await startGateway(t, ['--state-dir', stateDir])
  await enter(before, { until: new Date(Date.now() + 1000).toISOString() })
  await before.kill9()
  await sleep(1100)
  await gatewayOf(t, receiver.url, ['--state-dir', stateDir])
  await receiver.hasSeen(1)
  const [told] = receiver.told
  assert.deepEqual([told?.event, told?.sites[0]?.previousMode], ['expire', 'maintenance'])
})

test('that a gateway of the fleet was forgotten is told of, with who it was and why', async (t) => {
  const redis = await startRedis(t)
  if (!redis) return
  const receiver = await startReceiver(t)
  const one = await gatewayOf(t, receiver.url, ['--store', redis.url])
  const dead = await startGateway(t, ['--store', redis.url])
  await waitUntil(async () => (await fetch(dead.url)).status !== 503)
  await dead.kill9()
  const { members } = (await callGateway(one, 'GET', '/fleet')) as { members: { id: string }[] }
  const id = members.find((each) => each.id.includes(`-${dead.pid}-`))?.id ?? ''
  await callGateway(one, 'DELETE', `/fleet/${id}`, { by: 'anna', reason: 'its host burnt' })
  await receiver.hasSeen(1)
  const { event, subject, by, reason, sites } = receiver.told[0]!
  assert.deepEqual([event, subject, by, reason, sites], ['forget', id, 'anna', 'its host burnt', []])
})
