import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { callGateway } from '../helpers/gateway-status.ts'
import { metricValue, readMetrics } from '../helpers/metrics.ts'
import { type GatewayProcess, startGateway } from '../helpers/process.ts'
import { waitUntil } from '../helpers/store-contract.ts'
import { getMany, startApp, workersOf } from './app.ts'

async function scrape(gateway: GatewayProcess): Promise<string> {
  const token = readFileSync(join(gateway.stateDir, 'admin-token'), 'utf8').trim()
  const response = await fetch(`${gateway.adminUrl}/metrics`, {
    headers: { authorization: `Bearer ${token}` }
  })
  assert.equal(response.status, 200)
  return response.text()
}

const answered = (text: string): number =>
  metricValue(text, 'intermission_requests_total', {
    site: 'default',
    code: '2xx',
    answered_by: 'app',
    reason: ''
  }) ?? 0

test('the metrics are the sums over the workers, and what a killed one had counted stays in them', async (t) => {
  const app = await startApp(t)
  const gateway = await startGateway(t, ['--workers', '2', '--upstream', app.url, '--access-log', 'off'])
  await getMany(gateway.url, 20)
  const slow = getMany(`${gateway.url}/slow`, 4)
  await waitUntil(() => app.open === 4)
  const before = await scrape(gateway)
  readMetrics(before)
  assert.equal(answered(before), 20)
  const site = { site: 'default' }
  assert.equal(metricValue(before, 'intermission_in_flight_requests', site), 4)
  assert.equal(metricValue(before, 'intermission_connections'), 4)
  assert.equal(
    metricValue(before, 'intermission_request_duration_seconds_count', { ...site, answered_by: 'app' }),
    20
  )
  assert.equal(metricValue(before, 'intermission_mode', { ...site, mode: 'live' }), 1)
  const upstream = { ...site, upstream: app.url }
  assert.equal(metricValue(before, 'intermission_upstream_healthy', upstream), 1)
  // A primary and two workers take more than any process of this kind alone.
  assert.ok((metricValue(before, 'process_resident_memory_bytes') ?? 0) > 120 * 1024 * 1024)

  process.kill(workersOf(gateway)[0] as number, 'SIGKILL')
  await waitUntil(
    async () => metricValue(await scrape(gateway), 'intermission_in_flight_requests', site) === 2
  )
  assert.equal(answered(await scrape(gateway)), 20)
  await waitUntil(() => workersOf(gateway).length === 2)
  await getMany(gateway.url, 10)
  assert.equal(answered(await scrape(gateway)), 30)
  app.release()
  await slow
})

test('what visitors have left behind on all workers is added up in the status and the metrics', async (t) => {
  const app = await startApp(t)
  const gateway = await startGateway(t, [
    ...['--workers', '2', '--upstream', app.url, '--access-log', 'off', '--abandoned-timeout', '3s']
  ])
  const gone = new AbortController()
  const asked = Array.from({ length: 4 }, () =>
    fetch(`${gateway.url}/slow`, { signal: gone.signal }).catch(() => {})
  )
  await waitUntil(() => app.open === 4)
  gone.abort()
  await Promise.all(asked)
  const given = async (): Promise<unknown[]> => {
    const { abandoned, inFlight: under, members } = await callGateway(gateway, 'GET', '/status')
    const [member] = members as { abandoned: number; drained: boolean }[]
    return [abandoned, under, member?.abandoned, member?.drained]
  }
  await waitUntil(async () => String(await given()) === '4,0,4,false')
  assert.equal(metricValue(await scrape(gateway), 'intermission_abandoned_requests', { site: 'default' }), 4)
  await waitUntil(async () => String(await given()) === '0,0,0,true')
  assert.equal(metricValue(await scrape(gateway), 'intermission_abandoned_requests', { site: 'default' }), 0)
})
