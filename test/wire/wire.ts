/** The gateway between a client and an app, both of which see every byte. */
import { type Listening, type ListeningOptions, listening } from '../helpers/listening.ts'
import { type RawClient, rawClient } from '../helpers/raw-client.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'
import {
  httpUpstream,
  readRequest,
  type SeenRequest,
  tcpUpstream,
  type Upstream
} from '../helpers/upstream.ts'
import { type Answer, readAnswers } from './answers.ts'

export const HOST = 'Host: shop.test\r\n'

export interface Wire {
  gateway: Listening
  upstream: Upstream
  /** What reached the app, one line a request: `POST /a?b body`. */
  reached(): string[]
  /** Sends the bytes on a connection of its own. */
  talk(bytes: string | string[], options?: TalkOptions): Promise<Talk>
}

export interface TalkOptions {
  /** How many answers are waited for. Default 1. */
  answers?: number
  /** Of the requests, in order, when one of them is HEAD. */
  methods?: string[]
}

export interface Talk {
  client: RawClient
  answers: Answer[]
  statuses: number[]
  /** Everything that came. */
  received: string
  /** What came after the last whole answer. */
  rest: string
  /** The connection a moment later. */
  end: 'open' | 'end' | 'reset'
}

const WAIT_MS = 10_000
const QUIET_MS = 60

/** An app that answers each request with its own line. */
export async function wire(t: Cleanup, options: Partial<ListeningOptions> = {}): Promise<Wire> {
  const upstream = await httpUpstream(t, async (request, response, seen) => {
    const line = lineOf(await readRequest(request, seen))
    response.setHeader('content-length', line.length)
    response.end(line)
  })
  return between(t, upstream, options)
}

/** An app that sends these bytes whenever something arrives; null leaves the connection as it is, `end` closes it after. */
export async function answering(
  t: Cleanup,
  bytes: string | string[],
  after: 'keep' | 'end' | 'reset' = 'keep',
  options: Partial<ListeningOptions> = {}
): Promise<Wire> {
  const pieces = [bytes].flat()
  const upstream = await tcpUpstream(t, (socket) => {
    socket.once('data', async () => {
      for (const piece of pieces) {
        socket.write(piece, 'latin1')
        if (pieces.length > 1) await pause(20)
      }
      if (after === 'end') socket.end()
      if (after === 'reset') setTimeout(() => socket.resetAndDestroy(), 30)
    })
  })
  return between(t, upstream, options)
}

async function between(t: Cleanup, upstream: Upstream, options: Partial<ListeningOptions>): Promise<Wire> {
  const gateway = await listening(t, { ...options, proxy: { upstream: upstream.url, ...options.proxy } })
  return {
    gateway,
    upstream,
    reached: () => upstream.seen.map(lineOf),
    async talk(bytes, { answers: wanted = 1, methods = [] } = {}) {
      const client = await rawClient(t, gateway.port)
      for (const piece of [bytes].flat()) {
        client.send(piece)
        if (Array.isArray(bytes)) await pause(15)
      }
      const untilMs = performance.now() + WAIT_MS
      const read = () => readAnswers(client.received, methods, client.closed)
      while (!client.closed && read().answers.length < wanted && performance.now() < untilMs) await pause(3)
      await pause(QUIET_MS)
      const { answers, rest } = read()
      return {
        client,
        answers,
        statuses: answers.map(({ status }) => status),
        received: client.received,
        rest,
        end: client.closed ? await client.ended() : 'open'
      }
    }
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

function lineOf({ method, url, body }: SeenRequest): string {
  return `${method} ${url} ${body}`.trim()
}
