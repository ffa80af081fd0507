import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cleanup } from '../helpers/temp-dir.ts'

export interface Received {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

export interface Told {
  id: string
  event: string
  time: string
  revision: number
  by: string | null
  reason: string | null
  subject: string | null
  until: string | null
  sites: { site: string; previousMode: string; document: { mode: string; message: string | null } }[]
  gateway: { host: string; version: string }
}

export interface Receiver {
  url: string
  port: number
  readonly seen: Received[]
  /** What each message says, in the order of arrival. */
  readonly told: Told[]
  /** Waits until so many requests have come. */
  hasSeen(count: number): Promise<void>
  stop(): Promise<void>
}

export interface ReceiverOptions {
  /** The status for the request of this number, the first being 0; 0 for no answer at all. Default: 204. */
  status?: (n: number) => number
  headers?: Record<string, string>
  port?: number
  tls?: { cert: string; key: string }
}

/** Somebody else's server that is told of changes. */
export async function startReceiver(t: Cleanup, options: ReceiverOptions = {}): Promise<Receiver> {
  const { status = () => 204, headers = {}, port = 0, tls } = options
  const seen: Received[] = []
  const listener: Parameters<typeof createServer>[1] = (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text
    })
    request.on('end', () => {
      const code = status(seen.length)
      const { method = '', url = '', headers: fields } = request
      seen.push({ method, path: url, headers: fields, body })
      if (code !== 0) response.writeHead(code, headers).end()
    })
  }
  const server: Server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener)
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const bound = (server.address() as AddressInfo).port
  const stop = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  t.after(stop)
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${tls === undefined ? '127.0.0.1' : 'localhost'}:${bound}/hook/a-secret-path`,
    port: bound,
    seen,
    get told() {
      return seen.map(({ body }) => JSON.parse(body) as Told)
    },
    async hasSeen(count) {
      const endMs = performance.now() + 15_000
      while (seen.length < count) {
        if (performance.now() > endMs) throw new Error(`${seen.length} of ${count} requests have come`)
        await sleep(10)
      }
    },
    stop
  }
}
