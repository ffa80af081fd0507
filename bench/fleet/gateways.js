/** Real gateways as processes, their admin API, and the moments at which they say that a change is in force. */
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sleep, start } from '../lib/processes.js'

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
const ANY_CORE = '0-1023'
const READY_WITHIN_MS = 60_000

/** The clock that all processes of this machine share. */
export const sharedMs = () => Number(process.hrtime.bigint()) / 1e6

export async function startGateways({ count, workers, url, fleet, dir }) {
  return Promise.all(Array.from({ length: count }, (_, n) => startGateway(n)))

  async function startGateway(n) {
    const stateDir = join(dir, `${fleet}-${n}`)
    const args = [main, 'start', '--store', url, '--fleet', fleet, '--state-dir', stateDir]
    args.push('--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--access-log', 'off')
    args.push('--upstream', 'http://127.0.0.1:9', '--workers', String(workers))
    const name = `${fleet}-${n}`
    const child = start({ name, file: process.execPath, args, dir, core: ANY_CORE })
    const adminUrl = await lineOf(child, join(dir, `${name}.log`), /^intermission admin on (\S+)$/m)
    const token = readFileSync(join(stateDir, 'admin-token'), 'utf8').trim()
    return { child, adminUrl, headers: { authorization: `Bearer ${token}` } }
  }
}

async function lineOf(child, log, pattern) {
  const endMs = performance.now() + READY_WITHIN_MS
  for (;;) {
    const found = pattern.exec(readFileSync(log, 'utf8'))?.[1]
    if (found) return found
    if (child.exitCode !== null || performance.now() > endMs)
      throw new Error(`a gateway did not start: ${readFileSync(log, 'utf8')}`)
    await sleep(50)
  }
}

/** Calls the admin API. @returns the body of the answer */
export function call({ adminUrl, headers }, method, path, body) {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const all = text === undefined ? headers : { ...headers, 'content-type': 'application/json' }
  return new Promise((resolve, reject) => {
    const sent = request(adminUrl + path, { method, headers: all }, async (response) => {
      let received = ''
      for await (const piece of response.setEncoding('utf8')) received += piece
      if (response.statusCode > 299)
        reject(new Error(`${method} ${path}: ${response.statusCode} ${received}`))
      else resolve(JSON.parse(received))
    })
    sent.once('error', reject).end(text)
  })
}

/**
 * Listens to the events of a gateway.
 *
 * @param onRevision gets every revision with the moment at which it came
 * @returns a function that ends it
 */
export function listen({ adminUrl, headers }, onRevision) {
  return new Promise((resolve, reject) => {
    const sent = request(`${adminUrl}/events`, { headers, agent: false }, (response) => {
      let text = ''
      let isTold = false
      response.setEncoding('utf8').on('data', (piece) => {
        const atMs = sharedMs()
        text += piece
        for (;;) {
          // The first one in a message is that of the state; what the members say comes later.
          const revision = isTold ? undefined : /^data: [^\n]*?"revision":(\d+),/m.exec(text)?.[1]
          if (revision !== undefined) onRevision(Number(revision), atMs)
          isTold ||= revision !== undefined
          const end = text.indexOf('\n\n')
          if (end < 0) break
          text = text.slice(end + 2)
          isTold = false
        }
        if (isTold) text = text.slice(-1)
      })
      response.on('error', () => {})
      resolve(() => sent.destroy())
    })
    sent.on('error', reject).end()
  })
}
