/** A gateway whose site can be closed, in front of an app that echoes what it gets. */
import { request as httpRequest } from 'node:http'
import type { MaintenanceOptions } from '../../plugins/maintenance.ts'
import { type OpenMaintenance, openMaintenance } from '../../src/state/maintenance.ts'
import { createMemoryStore } from '../../src/state/memory-store.ts'
import { type Listening, type ListeningOptions, listening } from './listening.ts'
import type { Cleanup } from './temp-dir.ts'
import { okUpstream, type Upstream } from './upstream.ts'

export interface Closed extends Listening {
  site: OpenMaintenance
  upstream: Upstream
  /** Asks and gives the status, the reason if the gate has answered, and the fields. */
  ask(target: string, options?: AskOptions): Promise<Asked>
}

export interface AskOptions {
  method?: string
  headers?: Record<string, string | string[]>
  body?: string
}

export interface Asked {
  status: number
  reason: string | undefined
  /** Value of Intermission-Mode. */
  mode: string | undefined
  headers: Record<string, string | string[] | undefined>
  body: string
}

export async function closedSite(
  t: Cleanup,
  options: MaintenanceOptions = {},
  more: Partial<ListeningOptions> = {}
): Promise<Closed> {
  const upstream = await okUpstream(t)
  const site = await openMaintenance({ store: createMemoryStore() })
  t.after(() => site.close())
  const gateway = await listening(t, {
    proxy: { upstream: upstream.url },
    maintenance: { maintenance: site, ...options },
    ...more
  })
  return { ...gateway, site, upstream, ask: (target, asked) => askFor(gateway.port, target, asked) }
}

/** Asks a gateway over HTTP/1.1, with the target exactly so. */
export function askFor(port: number, target: string, options: AskOptions = {}): Promise<Asked> {
  const { method = 'GET', headers = {}, body } = options
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const all = { ...length, ...headers }
    const request = httpRequest({ port, host: '127.0.0.1', method, path: target, headers: all, agent: false })
    request.on('error', reject)
    request.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      response.on('error', reject)
      response.on('end', () => {
        const { statusCode = 0, headers: fields } = response
        const one = (name: string): string | undefined => fields[name]?.toString()
        const reason = one('intermission-reason')
        resolve({ status: statusCode, reason, mode: one('intermission-mode'), headers: fields, body: text })
      })
    })
    request.end(body)
  })
}
