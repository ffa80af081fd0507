import assert from 'node:assert/strict'
import test from 'node:test'
import type { StateDocument } from '../../src/state/document.ts'
import { type AdminApi, assertProblem, startAdmin, TOKEN } from '../helpers/admin.ts'
import { type RawClient, rawClient } from '../helpers/raw-client.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'

async function listen(t: Cleanup, { port }: AdminApi): Promise<RawClient> {
  const client = await rawClient(t, port)
  const head = `Host: 127.0.0.1:${port}\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`
  client.send(`GET /events HTTP/1.1\r\n${head}`)
  return client
}

const modesOf = ({ received }: RawClient): string[] =>
  [...received.matchAll(/^event: status\ndata: (.*)$/gm)].map(([, data = '']) => {
    const { sites } = JSON.parse(data) as { sites: StateDocument[] }
    return sites.map(({ mode }) => mode).join()
  })

test('a listener is told the whole status at once, and on every change', async (t) => {
  const api = await startAdmin(t, { sites: ['shop', 'blog'] })
  const client = await listen(t, api)
  await client.waitFor(/event: status\n/)
  assert.match(client.received, /^HTTP\/1\.1 200 OK\r\ncontent-type: text\/event-stream; charset=utf-8\r\n/)
  assert.match(client.received, /^cache-control: no-store\r$/m)
  const startMs = performance.now()
  await api.call('PUT', '/sites/shop/maintenance', { message: 'two\nlines' })
  await client.waitFor(/"mode":"maintenance"/)
  assert.ok(performance.now() - startMs < 800, 'at once, not when somebody looks')
  await api.call('DELETE', '/sites/shop/maintenance')
  await client.waitFor(/(?:event: status[\s\S]*){3}\n\n\r\n$/)
  assert.deepEqual(modesOf(client), ['live,live', 'maintenance,live', 'live,live'])
})

test('numbers alone are told at most once a second, and silence as long as nothing is different', async (t) => {
  let inFlight = 0
  const timer = setInterval(() => inFlight++, 20)
  t.after(() => clearInterval(timer))
  const api = await startAdmin(t, { status: { site: () => ({ inFlight }) } })
  const client = await listen(t, api)
  await new Promise((resolve) => setTimeout(resolve, 2500))
  clearInterval(timer)
  const events = modesOf(client).length
  assert.ok(events >= 3 && events <= 4, `${events} events`)
  await new Promise((resolve) => setTimeout(resolve, 1500))
  const after = modesOf(client).length
  await new Promise((resolve) => setTimeout(resolve, 1500))
  assert.equal(modesOf(client).length, after)
})

test('there is room for 32 listeners, and a place is free when one leaves', async (t) => {
  const api = await startAdmin(t)
  const clients = await Promise.all(Array.from({ length: 32 }, () => listen(t, api)))
  for (const client of clients) await client.waitFor(/event: status/)
  assertProblem(await api.call('GET', '/events'), 503)
  clients[0]?.socket.destroy()
  const again = await listen(t, api)
  await again.waitFor(/HTTP\/1\.1 (?:200|503)/)
  if (!/ 200 /.test(again.received)) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    await (await listen(t, api)).waitFor(/event: status/)
  }
})

test('events need the token as everything else, and end when the gateway stops', async (t) => {
  let isReady = true
  const api = await startAdmin(t, { ready: () => isReady })
  assertProblem(await api.call('GET', '/events', undefined, { authorization: '' }), 401, 'Authorization')
  assertProblem(await api.call('POST', '/events'), 405)
  const client = await listen(t, api)
  await client.waitFor(/event: status/)
  isReady = false
  await client.waitFor(/0\r\n\r\n$/)
  assertProblem(await api.call('GET', '/events'), 503)

  isReady = true
  const other = await listen(t, api)
  await other.waitFor(/event: status/)
  const startMs = performance.now()
  await api.app.close()
  assert.ok(performance.now() - startMs < 1000, 'closing does not wait for listeners')
})
