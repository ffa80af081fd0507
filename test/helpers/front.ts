import type { AddressInfo } from 'node:net'
import Fastify, { type FastifyInstance } from 'fastify'
import proxy, { type ProxyOptions } from '../../plugins/proxy.ts'
import { keepRawTarget } from '../../src/raw-target.ts'
import type { Cleanup } from './temp-dir.ts'
import type { SeenRequest } from './upstream.ts'

/** A bare Fastify app with nothing but the proxy. */
export interface Front {
  app: FastifyInstance
  port: number
  url: string
}

/** Starts one on a port of its own. */
export async function front(t: Cleanup, options: ProxyOptions, raw = true): Promise<Front> {
  const app = Fastify(raw ? { rewriteUrl: keepRawTarget } : {})
  await app.register(proxy, options)
  await app.listen({ port: 0 })
  t.after(() => app.close())
  const { port } = app.server.address() as AddressInfo
  return { app, port, url: `http://127.0.0.1:${port}` }
}

/** The values of a field that the upstream got. */
export const fieldsOf = (seen: SeenRequest, name: string): string[] =>
  seen.rawHeaders.filter((_, i) => i % 2 === 1 && seen.rawHeaders[i - 1]!.toLowerCase() === name)
