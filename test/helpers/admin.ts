/** An admin API on a listener of its own, and requests to it. */
import assert from 'node:assert/strict'
import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import admin, { type AdminOptions } from '../../plugins/admin.ts'
import { type Control, openControl } from '../../src/state/control.ts'
import type { Maintenance } from '../../src/state/maintenance.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import type { Cleanup } from './temp-dir.ts'

export const TOKEN = 'the-one-right-token'

export interface Answer {
  status: number
  headers: Headers
  /** The body: parsed when it is JSON. */
  body: Record<string, unknown>
}

export interface AdminApi {
  app: FastifyInstance
  port: number
  control: Control
  /** The first site. */
  maintenance: Maintenance
  /** Sends a request with the right token; an object is sent as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
}

export async function startAdmin(
  t: Cleanup,
  { sites = ['default'], ...options }: Partial<AdminOptions> & { prefix?: string; sites?: string[] } = {}
): Promise<AdminApi> {
  const control = options.control ?? (await openControl({ store: createMemoryStore(), sites }))
  // A client that was answered while it still sent keeps its connection; a test does not wait for that.
  const app = Fastify({ forceCloseConnections: true })
  t.after(async () => {
    await app.close()
    await control.close()
  })
  await app.register(admin, { tokens: [TOKEN], notFound: true, ...options, control })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const maintenance = control.site(control.siteNames[0]!)
  return { app, port, control, maintenance, call: (...request) => callAdmin(port, ...request) }
}

export async function callAdmin(
  port: number,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {}
): Promise<Answer> {
  const all = new Headers({ authorization: `Bearer ${TOKEN}` })
  if (body !== undefined) all.set('content-type', 'application/json')
  // An empty value takes a field away.
  for (const [name, value] of Object.entries(headers)) value === '' ? all.delete(name) : all.set(name, value)
  const text =
    typeof body === 'object' && !Buffer.isBuffer(body)
      ? JSON.stringify(body)
      : (body as string | Buffer | undefined)
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: all,
    body: text ?? null
  })
  const received = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    body: received === '' ? {} : (JSON.parse(received) as Record<string, unknown>)
  }
}

/** Checks that an answer is a problem in every form, and names the field that is to blame. */
export function assertProblem(answer: Answer, status: number, field?: string): void {
  const { body, headers } = answer
  assert.equal(answer.status, status, JSON.stringify(body))
  assert.equal(headers.get('content-type')?.split(';')[0], 'application/problem+json')
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.equal(headers.get('x-content-type-options'), 'nosniff')
  const { type, title, detail } = body
  assert.equal(type, 'about:blank')
  assert.equal(body.status, status)
  assert.ok(typeof title === 'string' && title !== '')
  assert.ok(typeof detail === 'string' && detail !== '')
  assert.equal(body.field, field)
  if (field !== undefined) assert.ok(detail.includes(field), detail)
  assert.doesNotMatch(JSON.stringify(body), /FST_|node_modules|at .*\.ts:/)
}
