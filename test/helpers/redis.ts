/** Real Redis servers for the tests: with data or without, killed, stopped, promoted. */
import { createServer } from 'node:net'
import { connect } from '../../src/fleet/connection.ts'
import { type Running, startProcess } from './process.ts'
import type { Cleanup } from './temp-dir.ts'
import { tempDir } from './temp-dir.ts'
import { requireTool, type Skippable } from './tools.ts'

export interface RedisServer {
  readonly port: number
  readonly url: string
  readonly process: Running
  /** Runs redis-cli with these words and gives what it prints. */
  cli(...words: string[]): Promise<string>
  /** Runs one command whose words may be too long for a command line. */
  pipe(words: string[]): Promise<unknown>
  /** `kill -9`, then a new server at the same port: with the data that was on the disk, or empty. */
  restart(options: { empty: boolean }): Promise<void>
  kill9(): Promise<void>
}

export interface RedisOptions {
  /** More words for the command line. */
  args?: string[]
  port?: number
}

/** @returns undefined after the test was marked as skipped, because there is no redis-server */
export async function startRedis(
  t: Cleanup & Skippable,
  { args = [], port: wanted }: RedisOptions = {}
): Promise<RedisServer | undefined> {
  const command = requireTool(t, 'redis-server')
  if (command === undefined) return undefined
  const port = wanted ?? (await freePort())
  let folder = tempDir(t)
  let process = await start()
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get process() {
      return process
    },
    cli: (...words) => redisCli(t, port, words),
    async pipe(words) {
      const options = { tls: false, user: null, password: null, database: 0, timeoutMs: 5000 }
      const connection = await connect({ host: '127.0.0.1', port }, options)
      try {
        return await connection.send(words)
      } finally {
        connection.end(new Error('done'))
      }
    },
    async kill9() {
      await process.kill9()
    },
    async restart({ empty }) {
      await process.kill9()
      if (empty) folder = tempDir(t)
      process = await start()
    }
  }

  async function start(): Promise<Running> {
    // Every write is on the disk before it is answered, so that a restart with data loses nothing.
    const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
    const where = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder]
    const running = startProcess(t, command as string, [...where, ...durable, ...args])
    await running.waitFor(/Ready to accept connections/)
    return running
  }
}

export async function redisCli(t: Cleanup, port: number, words: string[]): Promise<string> {
  const running = startProcess(t, 'redis-cli', ['-p', String(port), ...words])
  await running.exited
  return running.stdout.trim()
}

/** A port that was free a moment ago: Redis cannot choose one by itself. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}
