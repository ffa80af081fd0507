import { execFileSync } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { waitForPort } from '../lib/ports.js'

const main = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
const ADMIN_TOKEN = 'a-token-for-the-bench-only'
let help

/** @param accessLog whether every request is logged, to a file as under a service manager */
export function createIntermission(name, title, accessLog) {
  return {
    name,
    title,
    kinds: ['forward', 'gate', 'dead', 'websocket', 'http2'],
    why(kind) {
      if (kind !== 'http2') return undefined
      help ??= execFileSync(process.execPath, [main, 'start', '--help'], { encoding: 'utf8' })
      return help.includes('--tls-cert') ? undefined : 'start has no --tls-cert yet'
    },
    command(setup) {
      const args = [main, 'start', '--listen', `127.0.0.1:${setup.port}`]
      args.push('--upstream', `http://127.0.0.1:${setup.upstreamPort}`, '--store', 'memory:')
      args.push('--state-dir', setup.dir, '--access-log', accessLog ? 'on' : 'off')
      // Every request to a dead upstream is worth a line at the level warn; the others do not log theirs either.
      args.push('--log-level', setup.kind === 'dead' && !accessLog ? 'error' : 'info')
      if (setup.kind === 'gate') args.push('--admin', adminAddress(setup), '--admin-token', ADMIN_TOKEN)
      else args.push('--admin', 'off')
      if (setup.kind === 'gate' || setup.kind === 'dead') args.push('--pages', dirname(setup.page))
      if (setup.kind === 'http2')
        args.push('--http2', 'on', '--tls-cert', setup.certificate, '--tls-key', setup.key)
      return { file: process.execPath, args }
    },
    async prepare(setup) {
      if (setup.kind !== 'gate') return
      // It listens for operators a moment after it listens for visitors.
      await waitForPort(setup.port + 1)
      const answer = await fetch(`http://${adminAddress(setup)}/maintenance`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify({ message: 'Measuring' })
      })
      if (!answer.ok) throw new Error(`maintenance was not entered: ${answer.status} ${await answer.text()}`)
    }
  }
}

const adminAddress = (setup) => `127.0.0.1:${setup.port + 1}`

export default createIntermission('intermission', 'Intermission', false)
