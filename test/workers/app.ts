/** An app that can be slow, requests of one connection each, and the processes of a gateway. */
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { GatewayProcess } from '../helpers/process.ts'
import type { Cleanup } from '../helpers/temp-dir.ts'

export interface SlowApp {
  url: string
  /** Answers all that waits. */
  release(): void
  /** Slow requests that wait. */
  readonly open: number
}

/** An app that answers at once, but `/slow` only when it is told to. */
export async function startApp(t: Cleanup): Promise<SlowApp> {
  const slow = new Set<() => void>()
  const server = createServer((req, res) => {
    if (req.url !== '/slow') return void res.end('app')
    const finish = (): void => void res.end('slow')
    slow.add(finish)
    res.once('close', () => slow.delete(finish))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return {
    url: `http://127.0.0.1:${port}`,
    release() {
      for (const finish of slow) finish()
    },
    get open() {
      return slow.size
    }
  }
}

/** One request on a connection of its own. @returns the status, or the code of the error */
export function get(url: string): Promise<number | string> {
  return new Promise((resolve) => {
    const sent = request(url, { agent: false }, (response) => {
      response.resume().once('close', () => resolve(response.complete ? (response.statusCode ?? 0) : 'cut'))
    })
    sent.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error')).end()
  })
}

/** That many requests at once. */
export function getMany(url: string, count: number): Promise<(number | string)[]> {
  return Promise.all(Array.from({ length: count }, () => get(url)))
}

/** The worker processes of a gateway (Linux: proc(5)). */
export function workersOf({ pid }: GatewayProcess): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1').split(' ').filter(Boolean).map(Number)
  )
  return children.filter((child) => {
    try {
      return readFileSync(`/proc/${child}/environ`, 'latin1').includes('NODE_UNIQUE_ID=')
    } catch {
      return false
    }
  })
}
