import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Cleanup } from '../helpers/temp-dir.ts'

/** What the last request was. */
export interface Seen {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: unknown
}

/** A server that answers every call in one way and keeps what it was asked. */
export interface FakeAdmin {
  /** As `--admin` takes it. */
  readonly address: string
  readonly seen: Seen[]
}

export type Answer = (request: Seen, response: ServerResponse) => void

/** Listens on a free port, or on a socket. */
export async function startFakeAdmin(t: Cleanup, answer: Answer, socketPath?: string): Promise<FakeAdmin> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const text = Buffer.concat(parts).toString()
      const { method = '', url = '', headers } = request
      const one: Seen = { method, url, headers, body: text === '' ? undefined : JSON.parse(text) }
      seen.push(one)
      answer(one, response)
    })
  })
  await new Promise<void>((resolve) => {
    if (socketPath) server.listen(socketPath, resolve)
    else server.listen(0, '127.0.0.1', resolve)
  })
  t.after(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  const address = socketPath ? `unix:${socketPath}` : `127.0.0.1:${(server.address() as AddressInfo).port}`
  return { address, seen }
}

/** Answers with JSON. */
export function json(status: number, body: object): Answer {
  return (_request, response) => {
    const type = status < 400 ? 'application/json' : 'application/problem+json'
    response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body))
  }
}
