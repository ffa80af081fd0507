/** In a rush on an app that is gone most requests are answered before Fastify sees them, which must make no difference. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { textOf } from '../helpers/configured.ts'
import { callGateway } from '../helpers/gateway-status.ts'
import { metricValue } from '../helpers/metrics.ts'
import { type GatewayProcess, portOf, startGateway } from '../helpers/process.ts'
import { rawClient, rawExchange } from '../helpers/raw-client.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'
import { okUpstream } from '../helpers/upstream.ts'

const AT_ONCE = 20

/** Goes on asking until it is told to stop. @returns how often it has asked, by status */
function rush(url: string): { stop(): Promise<Map<number, number>> } {
  const statuses = new Map<number, number>()
  let isOver = false
  const asker = async (): Promise<void> => {
    while (!isOver) {
      const response = await fetch(url, { headers: { accept: 'text/plain' } })
      await response.arrayBuffer()
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
    }
  }
  const all = Promise.all(Array.from({ length: AT_ONCE }, asker))
  return {
    async stop() {
      isOver = true
      await all
      return statuses
    }
  }
}

async function gatewayOf(t: Cleanup, ...args: string[]) {
  const app = await okUpstream(t)
  await app.stop()
  const gateway = await startGateway(t, ['--upstream', app.url, '--store', 'memory:', ...args])
  return { app, gateway, port: portOf(gateway.url) }
}

async function metricsOf(gateway: GatewayProcess): Promise<string> {
  const token = readFileSync(join(gateway.stateDir, 'admin-token'), 'utf8').trim()
  const response = await fetch(`${gateway.adminUrl}/metrics`, {
    headers: { authorization: `Bearer ${token}` }
  })
  return response.text()
}

test('in a rush on an app that is gone every request is answered as at any time, counted and logged', async (t) => {
  const { app, gateway, port } = await gatewayOf(t)
  const crowd = rush(`${gateway.url}/page`)
  const host = 'HTTP/1.1\r\nHost: a\r\n'
  for (let round = 0; round < 5; round++) {
    assert.match(await rawExchange(t, port, `TRACE / ${host}Connection: close\r\n\r\n`), /^HTTP\/1.1 405 /)
    assert.match(
      await rawExchange(t, port, 'GET /a b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
      /^HTTP\/1.1 400 /
    )
    assert.match(
      await rawExchange(t, port, `GET / ${host}Host: b\r\nConnection: close\r\n\r\n`),
      /^HTTP\/1.1 400 /
    )
    const head = await rawExchange(t, port, `HEAD / ${host}Connection: close\r\n\r\n`)
    assert.match(head, /^HTTP\/1.1 502 Bad Gateway\r\n(?:.+\r\n)+\r\n$/)
    assert.match(head, /\r\nIntermission-Reason: upstream-unreachable\r\n/)
    const status = await fetch(`${gateway.url}/.intermission/status`)
    assert.deepEqual([status.status, status.headers.get('content-type')], [200, 'application/json'])
    // What was sent is read past, and the connection goes on.
    const client = await rawClient(t, port)
    client.send(`POST / ${host}Content-Length: 5\r\n\r\nhelloGET / ${host}Connection: close\r\n\r\n`)
    await client.ended()
    assert.equal(client.received.match(/HTTP\/1.1 502 /g)?.length, 2)
  }
  const statuses = await crowd.stop()
  assert.deepEqual([...statuses.keys()], [502])
  const asked = statuses.get(502)! + 5 * 3
  assert.ok(asked > 200, `${asked} requests are a rush`)
  const labels = { site: 'default', code: '5xx', answered_by: 'gateway', reason: 'upstream-unreachable' }
  await waitUntil(
    async () => metricValue(await metricsOf(gateway), 'intermission_requests_total', labels) === asked
  )
  const lines = gateway.stdout.match(/"status":502,/g)?.length
  assert.equal(lines, asked)
  const ids = [...gateway.stdout.matchAll(/"requestId":"([^"]+)"/g)].map(([, id]) => id)
  assert.equal(new Set(ids).size, ids.length)

  await app.start()
  await waitUntil(async () => (await fetch(gateway.url)).status === 200)
})

test('in a rush on an app that is gone a mode is in force at once, and files are still served', async (t) => {
  const files = tempDir(t)
  mkdirSync(join(files, 'assets'))
  writeFileSync(join(files, 'assets', 'a.txt'), 'a file')
  for (const args of [[], ['--static', files]]) {
    const { gateway } = await gatewayOf(t, '--access-log', 'off', ...args)
    const crowd = rush(`${gateway.url}/page`)
    await waitUntil(async () => (await fetch(`${gateway.url}/x`)).status === 502)
    await callGateway(gateway, 'PUT', '/maintenance', { message: 'Closed' })
    for (let round = 0; round < 20; round++) assert.equal((await fetch(`${gateway.url}/x`)).status, 503)
    await callGateway(gateway, 'DELETE', '/maintenance')
    for (let round = 0; round < 20; round++) {
      assert.equal((await fetch(`${gateway.url}/x`)).status, 502)
      if (args.length > 0) assert.equal(await textOf(`${gateway.url}/assets/a.txt`), 'a file')
    }
    assert.deepEqual([...(await crowd.stop()).keys()].sort(), [502, 503])
  }
})
