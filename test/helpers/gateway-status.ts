/** How a gateway that runs as a process is doing. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GatewayProcess } from './process.ts'

/** Calls the admin API of a running gateway with its own token. */
export async function callGateway(
  gateway: GatewayProcess,
  method: string,
  path: string,
  body?: object
): Promise<Record<string, unknown>> {
  const token = readFileSync(join(gateway.stateDir, 'admin-token'), 'utf8').trim()
  const response = await fetch(gateway.adminUrl + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body ? JSON.stringify(body) : null
  })
  const document = (await response.json()) as Record<string, unknown>
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(document)}`)
  return document
}

/** Requests that it has handed to the upstream and that are not over. */
export async function inFlight(gateway: GatewayProcess): Promise<number> {
  return Number((await callGateway(gateway, 'GET', '/status')).inFlight)
}

/** Waits until nothing is in flight any more, and says how long that took, in milliseconds. */
export async function settled(gateway: GatewayProcess, withinMs: number): Promise<number> {
  const startMs = performance.now()
  for (;;) {
    const left = await inFlight(gateway)
    const tookMs = performance.now() - startMs
    if (left === 0) return tookMs
    assert.ok(tookMs < withinMs, `${left} requests are still in flight after ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Checks that it lives and has had nothing to say that is worse than a warning. */
export function assertUnharmed(gateway: GatewayProcess): void {
  assert.equal(gateway.stderr, '')
  assert.doesNotMatch(gateway.stdout, /"level":(50|60)/)
  process.kill(gateway.pid, 0)
}
