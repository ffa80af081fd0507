import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertUnharmed, callGateway } from '../helpers/gateway-status.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { rawClient } from '../helpers/raw-client.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import type { BadInput } from './case.ts'
import { GROUPS } from './cases.ts'
import { answersIn, isUnreadable } from './wire.ts'

/** An app that notes what it got, and what it could not read: then we have passed on what we should have refused. */
interface StrictApp {
  url: string
  seen: { line: string; head: string }[]
  unreadable: number
}

/** How long an answer and the end of a connection may take to show. */
const PATIENCE_MS = 3000
const AFTER_ANSWER_MS = 40
const ON_ITS_WAY_MS = 50
/** How long the app thinks about `/slow`. */
const SLOW_MS = 150

for (const { title, cases } of GROUPS) {
  test(`bad input: ${title.toLowerCase()}`, async (t) => {
    const app = await strictApp(t)
    const gateway = await startGateway(t, ['--upstream', app.url, '--access-log', 'off'])
    for (const one of cases) {
      await t.test(one.name, async () => {
        await behaves(t, gateway, app, one)
      })
    }
    assertUnharmed(gateway)
    assert.equal(await breakerOf(gateway), 'closed')
  })
}

async function behaves(t: Cleanup, gateway: GatewayProcess, app: StrictApp, one: BadInput): Promise<void> {
  app.seen.length = 0
  const client = await rawClient(t, Number(new URL(gateway.url).port))
  client.send(one.bytes)
  if (one.leaves) await sleep(ON_ITS_WAY_MS)
  if (one.leaves === 'by an end') client.socket.end()
  if (one.leaves === 'by a reset') client.socket.resetAndDestroy()
  const expected = one.answer.replace(', end', '').split(' ')
  const untilMs = performance.now() + PATIENCE_MS
  const enough = (): boolean => answersIn(client.received).length >= expected.length || client.closed
  while (!enough() && performance.now() < untilMs) await sleep(2)
  if (one.answer.endsWith(', end')) while (!client.closed && performance.now() < untilMs) await sleep(2)
  else await sleep(AFTER_ANSWER_MS)
  const statuses = answersIn(client.received).join(' ')
  assert.equal(`${statuses}${client.closed ? ', end' : ''}`, one.answer, client.received.slice(0, 500))
  client.socket.destroy()

  // Those of one connection may overtake each other on their way to the app, though not back.
  const seen = app.seen.map(({ line }) => line).sort()
  assert.deepEqual(seen, [...(one.app ?? [])].sort())
  const head = app.seen[0]?.head ?? ''
  for (const pattern of one.head?.has ?? []) assert.match(head, pattern)
  for (const pattern of one.head?.lacks ?? []) assert.doesNotMatch(head, pattern)
  assert.equal(app.unreadable, 0, 'the app got something that is no HTTP')

  // The next visitor is served, and the app is not blamed for what a client did.
  assert.equal((await fetch(`${gateway.url}/alive`)).status, 200)
  assert.equal(await breakerOf(gateway), 'closed')
}

async function breakerOf(gateway: GatewayProcess): Promise<unknown> {
  const { upstreams } = await callGateway(gateway, 'GET', '/status')
  return (upstreams as { breaker: string }[])[0]?.breaker
}

async function strictApp(t: Cleanup): Promise<StrictApp> {
  const app: StrictApp = { url: '', seen: [], unreadable: 0 }
  const note = async (request: IncomingMessage): Promise<void> => {
    let body = ''
    for await (const chunk of request) body += (chunk as Buffer).toString('latin1')
    const { method, url, rawHeaders, rawTrailers } = request
    const all = [...rawHeaders, ...rawTrailers]
    const lines = all.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${all[at + 1]}`] : []))
    app.seen.push({ line: [method, url, body].filter(Boolean).join(' '), head: lines.join('\n') })
  }
  const server = createServer({ maxHeaderSize: 128 * 1024 }, (request, response) => {
    void note(request).then(
      () => setTimeout(() => response.end('ok'), request.url === '/slow' ? SLOW_MS : 0),
      () => response.destroy()
    )
  })
  server.maxHeadersCount = 0
  server.on('clientError', (error, socket) => {
    if (isUnreadable(error)) app.unreadable++
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.closeAllConnections())
  t.after(() => server.close())
  app.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return app
}
