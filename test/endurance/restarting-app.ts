/** An app that notes every POST in a file before it answers, and that can be restarted as a process manager does it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Running, startProcess } from '../helpers/process.ts'
import { type Cleanup, tempDir } from '../helpers/temp-dir.ts'

const APP = `
  const { createServer } = require('node:http')
  const { appendFileSync } = require('node:fs')
  const [, port, log] = process.argv
  let stopping = false
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('latin1').on('data', (piece) => { body += piece }).on('end', () => {
      if (request.method === 'POST') appendFileSync(log, body + '\\n')
      setTimeout(() => {
        if (stopping) response.setHeader('Connection', 'close')
        response.end('from the app')
      }, 5)
    })
  })
  server.listen(Number(port), '127.0.0.1', () => console.log('port ' + server.address().port))
  process.on('SIGTERM', () => {
    stopping = true
    server.close()
  })
`

export interface RestartingApp {
  readonly url: string
  /** How often the app has got each POST, by its body. */
  posts(): Map<string, number>
  /** Lets it finish, waits, and starts it again at the same place. */
  restart(downMs: number): Promise<void>
}

export async function restartingApp(
  t: Cleanup,
  wait: (ms: number) => Promise<unknown>
): Promise<RestartingApp> {
  const log = join(tempDir(t), 'posts')
  writeFileSync(log, '')
  let port = '0'
  let running: Running
  const start = async (): Promise<void> => {
    running = startProcess(t, process.execPath, ['-e', APP, port, log])
    port = await running.waitFor(/port (\d+)/)
  }
  await start()
  return {
    url: `http://127.0.0.1:${port}`,
    posts() {
      const counts = new Map<string, number>()
      for (const id of readFileSync(log, 'latin1').split('\n').slice(0, -1))
        counts.set(id, (counts.get(id) ?? 0) + 1)
      return counts
    },
    async restart(downMs) {
      await running.stop()
      await wait(downMs)
      await start()
    }
  }
}
